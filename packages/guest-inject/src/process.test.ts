import { fc, test as property } from "@fast-check/vitest";
import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import type { ProcessOverrides } from "./guest-config.ts";
import { argvStrings, composeProcess, environmentStrings, resourceLimits } from "./process.ts";

const image = { Entrypoint: ["/entry", "-a"], Cmd: ["serve"] };

test.for<[string, ProcessOverrides, readonly string[]]>([
  ["nothing given is Entrypoint, then Cmd", {}, ["/entry", "-a", "serve"]],
  ["a cmd replaces Cmd", { cmd: ["other", "x"] }, ["/entry", "-a", "other", "x"]],
  ["an empty cmd takes Cmd away", { cmd: [] }, ["/entry", "-a"]],
  ["an entrypoint drops Cmd too", { entrypoint: ["/new"] }, ["/new"]],
  ["an entrypoint with a cmd has that", { entrypoint: ["/new"], cmd: ["x"] }, ["/new", "x"]],
  ["an empty entrypoint takes both away", { entrypoint: [] }, []],
  ["so does the empty word that Docker's flag makes", { entrypoint: [""] }, []],
  ["an empty entrypoint runs the cmd that is given", { entrypoint: [], cmd: ["/x"] }, ["/x"]],
])("%s", ([, over, argv]) => {
  expect(composeProcess(image, over, "guest").argv).toEqual(argv);
});

test("an image with Cmd alone runs that, and one with neither runs nothing", () => {
  expect(composeProcess({ Cmd: ["sh"] }, {}, "guest").argv).toEqual(["sh"]);
  expect(composeProcess({ Entrypoint: [""], Cmd: ["sh"] }, {}, "guest").argv).toEqual(["sh"]);
  expect(composeProcess({}, {}, "guest").argv).toEqual([]);
});

test("variables: given over the image's over the usual, each name once; without a value one is taken away", () => {
  const Env = ["A=1", "B=2", "A=3", "HOSTNAME", "=nothing", "C=x=y", "EMPTY="];
  const { env } = composeProcess({ Env }, { env: { B: "new", D: "" } }, "guest");
  expect([...env]).toEqual([
    ["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    ["A", "3"],
    ["B", "new"],
    ["C", "x=y"],
    ["EMPTY", ""],
    ["D", ""],
  ]);
});

test("the image's PATH counts, and a terminal has a TERM unless the image says one", () => {
  expect(composeProcess({ Env: ["PATH=/opt"] }, {}, "guest").env.get("PATH")).toBe("/opt");
  expect(composeProcess({}, { terminal: true }, "guest").env.get("TERM")).toBe("xterm");
  expect(composeProcess({ Env: ["TERM=dumb"] }, { terminal: true }, "guest").env.get("TERM")).toBe("dumb");
  expect(composeProcess({}, {}, "guest").env.has("TERM")).toBe(false);
});

test.for([
  [undefined, undefined, "/"],
  ["", undefined, "/"],
  ["srv/app", undefined, "/srv/app"],
  ["/srv", "/other", "/other"],
])("a WorkingDir of %j with %j given is %s", ([WorkingDir, workingDirectory, expected]) => {
  expect(composeProcess({ WorkingDir }, { workingDirectory }, "guest").workingDirectory).toBe(expected);
});

test("HOME is the user's unless someone has set it to something", () => {
  const home = byteString("/home/a");
  expect(environmentStrings(new Map([["A", "1"]]), home)).toEqual(["A=1", "HOME=/home/a"]);
  expect(environmentStrings(new Map([["HOME", ""]]), home)).toEqual(["HOME=/home/a"]);
  expect(environmentStrings(new Map([["HOME", "/x"]]), home)).toEqual(["HOME=/x"]);
});

test.for([
  ["/bin/a", "/srv", "/bin/a"],
  ["a", "/srv", "a"],
  ["bin/a", "/srv/", "/srv/bin/a"],
  ["./a", "/", "/./a"],
])("%s in %s is executed as %s", ([program = "", workingDirectory = "", expected]) => {
  const process = { argv: [program, "bin/b"], env: new Map(), workingDirectory, user: "" };
  expect(argvStrings(process)).toEqual([expected, "bin/b"]);
});

test("a working directory of a million slashes costs no more than any other", () => {
  const workingDirectory = `${"/".repeat(1_000_000)}x`;
  const [program] = argvStrings({ argv: ["./a"], env: new Map(), workingDirectory, user: "" });
  expect(program).toBe(`${workingDirectory}/./a`);
});

test("one value of a limit stands for both", () => {
  expect(resourceLimits({ limits: { nofile: 5, core: [0, "unlimited"] } })).toEqual([
    { name: "nofile", soft: 5, hard: 5 },
    { name: "core", soft: 0, hard: "unlimited" },
  ]);
  expect(resourceLimits({})).toEqual([]);
});

property.prop([fc.array(fc.string()), fc.array(fc.string()), fc.array(fc.string()), fc.string()])(
  "whatever an image says, there is a PATH or the image took it away, names are once, and the directory is absolute",
  (Entrypoint, Cmd, Env, WorkingDir) => {
    const process = composeProcess({ Entrypoint, Cmd, Env, WorkingDir }, {}, "guest");
    expect(process.env.has("PATH") || Env.includes("PATH")).toBe(true);
    expect([...process.env.keys()].every((name) => name !== "" && !name.includes("="))).toBe(true);
    expect(process.workingDirectory).toMatch(/^\//);
    expect(process.argv.slice(process.argv.length - Cmd.length)).toEqual(Cmd);
  },
);
