import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { parseChallenges, type Challenge } from "./challenge.ts";

function parsed(...lines: string[]) {
  return parseChallenges(lines).map(flat);
}

function flat({ scheme, parameters, token68 }: Challenge) {
  return { scheme, ...Object.fromEntries(parameters), ...(token68 === undefined ? {} : { token68 }) };
}

describe("as registries send it", () => {
  test.each([
    [
      "Docker Hub",
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"',
      [
        {
          scheme: "bearer",
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:library/alpine:pull",
        },
      ],
    ],
    [
      "a comma and several actions in a quoted scope",
      'Bearer realm="https://r.example/t",service="s",scope="repository:a/b:pull,push repository:c:pull"',
      [
        {
          scheme: "bearer",
          realm: "https://r.example/t",
          service: "s",
          scope: "repository:a/b:pull,push repository:c:pull",
        },
      ],
    ],
    ["htpasswd", 'Basic realm="Registry Realm"', [{ scheme: "basic", realm: "Registry Realm" }]],
    [
      "Nexus: two in a line",
      'BASIC realm="Sonatype", Bearer realm="https://n.example/v2/token",service="x"',
      [
        { scheme: "basic", realm: "Sonatype" },
        { scheme: "bearer", realm: "https://n.example/v2/token", service: "x" },
      ],
    ],
    [
      "no quotes around a URL",
      "Bearer realm=https://r.example/t,service=s",
      [{ scheme: "bearer", realm: "https://r.example/t", service: "s" }],
    ],
  ])("%s", (_, line, expected) => {
    expect(parsed(line)).toEqual(expected);
  });
});

describe("the grammar (RFC 9110, 11.6.1)", () => {
  test("several lines are one list", () => {
    expect(parsed("Basic", "Bearer a=b")).toEqual([{ scheme: "basic" }, { scheme: "bearer", a: "b" }]);
  });

  test("a quoted value may hold escaped quotes and backslashes, and what looks like another challenge", () => {
    expect(parsed(String.raw`Bearer a="x\"y\\z", b=", Basic realm="`)).toEqual([
      { scheme: "bearer", a: String.raw`x"y\z`, b: ", Basic realm=" },
    ]);
  });

  test("blanks around the equals sign and empty list elements are allowed", () => {
    expect(parsed(', Bearer a = "1" ,, b\t=2 , ,Basic')).toEqual([
      { scheme: "bearer", a: "1", b: "2" },
      { scheme: "basic" },
    ]);
  });

  test("names of schemes and parameters have no case", () => {
    expect(parsed('BEARER Realm="X"')).toEqual([{ scheme: "bearer", realm: "X" }]);
  });

  test("the first of several parameters with one name counts", () => {
    expect(parsed("Bearer a=1, A=2")).toEqual([{ scheme: "bearer", a: "1" }]);
  });

  test("a token68 is no parameter", () => {
    expect(parsed("Negotiate YII=, Basic realm=x")).toEqual([
      { scheme: "negotiate", token68: "YII=" },
      { scheme: "basic", realm: "x" },
    ]);
  });

  test("an empty value is a value", () => {
    expect(parsed('Bearer realm="",service="x"')).toEqual([{ scheme: "bearer", realm: "", service: "x" }]);
  });

  test.each([
    ["an end inside of quotes", 'Bearer a="1", b="2', [{ scheme: "bearer", a: "1" }]],
    ["no scheme", 'realm="x"', []],
    ["nothing", "", []],
    ["nothing but commas", ",,, ,", []],
  ])("a line that breaks it gives what stands before: %s", (_, line, expected) => {
    expect(parsed(line)).toEqual(expected);
  });

  test("a name from Object's prototype is a parameter like others", () => {
    const [challenge] = parseChallenges(["Bearer __proto__=1, constructor=2"]);
    expect([...(challenge?.parameters ?? [])]).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });
});

const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/);
const challenge = fc.record({
  scheme: token,
  parameters: fc.uniqueArray(fc.tuple(token, fc.stringMatching(/^[\x20-\x7e]{0,20}$/)), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 4,
  }),
});

test.prop([fc.array(challenge, { maxLength: 4 })])(
  "what is written by the grammar is read back",
  (challenges) => {
    const line = challenges
      .map(({ scheme, parameters }) => {
        const pairs = parameters.map(
          ([name, value]) => `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
        );
        return `${scheme} ${pairs.join(", ")}`;
      })
      .join(", ");
    expect(parsed(line)).toEqual(
      challenges.map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) })),
    );
  },
);

const pieces = fc.array(
  fc.constantFrom("Bearer", "Basic", " ", ",", "=", '"', "\\", "a", "realm", "==", "\t", "\u0000", "é"),
  { maxLength: 40 },
);

test.prop([
  fc.oneof(
    fc.string(),
    pieces.map((parts) => parts.join("")),
  ),
])("whatever the line, nothing is thrown and nothing is made up", (line) => {
  for (const { scheme, parameters } of parseChallenges([line])) {
    expect(line.toLowerCase()).toContain(scheme);
    for (const name of parameters.keys()) expect(line.toLowerCase()).toContain(name);
  }
});

test("a long line of any pieces is read in time that grows with its length", () => {
  for (const piece of ["a", "a ", 'a="', "a=b,", "\\", ", ,", "a=".repeat(3)])
    parseChallenges([`Bearer ${piece.repeat(50_000)}`]);
  expect(parseChallenges(["Bearer a=b"])).toHaveLength(1);
});
