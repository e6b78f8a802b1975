import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { judgePath } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { launchFile } from "../src/launch/launch-file.ts";
import type { LaunchMachine } from "../src/launch/machine.ts";
import { fakeProgram } from "./boot-fixtures.ts";
import { scratchDirectory } from "./init-guest.ts";
import { microMachines } from "./launch-fixtures.ts";

/** What an option takes: a bare word, or named values of which some must be there. */
type Syntax =
  | { readonly kind: "word"; readonly pattern: RegExp }
  | {
      readonly kind: "values";
      /** How many values may follow the option: each stands for a device. */
      readonly many: boolean;
      readonly known: Readonly<Record<string, RegExp>>;
      readonly required: readonly string[];
    };

const anyText = /^[^]+$/;
const toggle = /^(on|off|true|false)$/;
const bytes = /^\d+[KMG]?$/;
const mac = /^[\da-f]{2}(:[\da-f]{2}){5}$/i;

/** The options that we write, as `cloud-hypervisor --help` and docs/{cpu,memory,vsock}.md of version 51 and later tell of them. */
const options: Readonly<Record<string, Syntax>> = {
  "--kernel": { kind: "word", pattern: anyText },
  "--initramfs": { kind: "word", pattern: anyText },
  "--cmdline": { kind: "word", pattern: anyText },
  "--serial": { kind: "word", pattern: /^(off|null|pty|tty|(file|socket)=[^]+)$/ },
  "--console": { kind: "word", pattern: /^(off|null|pty|tty|file=[^]+)$/ },
  "--cpus": { kind: "values", many: false, known: { boot: /^[1-9]\d*$/, max: /^\d+$/ }, required: ["boot"] },
  "--memory": { kind: "values", many: false, known: { size: bytes, shared: toggle }, required: ["size"] },
  "--disk": {
    kind: "values",
    many: true,
    known: {
      path: anyText,
      readonly: toggle,
      direct: toggle,
      image_type: /^(raw|qcow2|vhd|vhdx)$/,
      id: anyText,
    },
    required: ["path", "image_type"],
  },
  "--net": { kind: "values", many: true, known: { tap: /^.{1,15}$/, mac, id: anyText }, required: ["tap"] },
  "--vsock": {
    kind: "values",
    many: false,
    known: { cid: /^([3-9]|[1-9]\d+)$/, socket: anyText, id: anyText },
    required: ["cid", "socket"],
  },
};

/**
 * Commas separate outside of quotes; a quote in quotes is written twice; blanks around a value are dropped. Brackets outside of
 * quotes would join what lies between them: nothing of ours has any.
 */
function namedValues(text: string): Readonly<Record<string, string>> {
  const parts = text.trim().match(/(?:"[^"]*"|[^",])+/g) ?? [];
  expect(parts.join(",")).toBe(text.trim());
  return Object.fromEntries(
    parts.map((part) => {
      const [, name = "", value = ""] = /^([^=]+)=([^]*)$/.exec(part) ?? [];
      expect(value.replaceAll(/"[^"]*"/g, "")).not.toMatch(/[[\]]/);
      return [name, value.trim().replaceAll(/"((?:[^"]|"")*)"/g, dequote)];
    }),
  );
}

function dequote(_: string, quoted: string): string {
  return quoted.replaceAll('""', '"');
}

/** What is wrong with an option's values: nothing, if all is well. */
function faults(option: string, values: readonly string[]): string[] {
  const syntax = options[option];
  if (syntax === undefined) return [`there is no ${option}`];
  const isMany = syntax.kind === "values" && syntax.many;
  const count = isMany || values.length === 1 ? [] : [`${option} has ${values.length} values`];
  if (syntax.kind === "word") return [...count, ...values.filter((value) => !syntax.pattern.test(value))];
  return [
    ...count,
    ...values.map(namedValues).flatMap((named) => [
      ...syntax.required.filter((name) => named[name] === undefined).map((name) => `${option} lacks ${name}`),
      ...Object.entries(named)
        .filter(([name, value]) => !syntax.known[name]?.test(value))
        .map(([name, value]) => `${option} has ${name}=${value}`),
    ]),
  ];
}

/** Words by the option that they follow; a device may not be given twice over. */
function byOption(words: readonly string[]): ReadonlyMap<string, string[]> {
  const given = new Map<string, string[]>();
  for (const word of words) {
    if (given.has(word)) throw new Error(`${word} is given twice`);
    if (word.startsWith("--")) given.set(word, []);
    else [...given.values()].at(-1)?.push(word);
  }
  return given;
}

/** What a program of that name is given by the script, which a real shell runs. */
async function argumentsOf(machine: LaunchMachine): Promise<string[]> {
  await using scratch = await scratchDirectory();
  const said = join(scratch.path, "said");
  const bin = await fakeProgram(scratch.path, "cloud-hypervisor", `printf '%s\\0' "$@" > ${said}`);
  const { text, name } = launchFile("cloud-hypervisor", machine);
  await writeFile(join(scratch.path, name), text);
  const env = { PATH: `${bin}:${judgePath()}`, HOME: "/expanded" };
  await promisify(execFile)("sh", [name], { cwd: scratch.path, env });
  return (await readFile(said, "utf8")).split("\0").slice(0, -1);
}

test.for(microMachines)("the command line is what its options take: %j", async (machine) => {
  const given = byOption(await argumentsOf(machine));
  expect([...given].flatMap(([option, values]) => faults(option, values))).toEqual([]);
  const disks = (given.get("--disk") ?? []).map(namedValues);
  expect(disks.map(({ path, readonly }) => ({ path, readOnly: readonly === "on" }))).toEqual(machine.disks);
  const [vsock] = (given.get("--vsock") ?? []).map(namedValues);
  expect(vsock?.["socket"]).toBe(machine.agent?.socket);
  expect(given.get("--kernel")).toEqual([machine.kernel.replace(/^-/, "./-")]);
  // Its validation refuses a terminal on both.
  expect([given.get("--serial"), given.get("--console")]).toEqual([["tty"], ["off"]]);
});
