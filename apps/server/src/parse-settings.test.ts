import { expect, test } from "vitest";
import { parseSettings } from "./parse-settings.ts";

test("with nothing said it listens on loopback, without tokens, with all state in one directory", () => {
  expect(parseSettings({}, { XDG_DATA_HOME: "/data" })).toMatchObject({
    listen: { host: "127.0.0.1", port: 7480 },
    store: "/data/bootlayer-server",
    databaseUrl: undefined,
    artifacts: { kind: "local" },
    concurrency: 2,
    drainSeconds: 60,
    access: { tokens: false, privateSources: false },
    retention: {
      unusedSeconds: undefined,
      totalBytes: undefined,
      imageSeconds: 604_800,
      historySeconds: 2_592_000,
    },
  });
});

test("beyond loopback tokens are on unless somebody says otherwise", () => {
  for (const listen of ["0.0.0.0:80", "[::]:80", "server.example:80", "10.0.0.1:80"])
    expect(parseSettings({ listen }, {}).access.tokens).toBe(true);
  for (const listen of ["127.0.0.1:80", "[::1]:80", "localhost:80", "80"])
    expect(parseSettings({ listen }, {}).access.tokens).toBe(false);
});

test("a flag counts before the environment", () => {
  const env = {
    BOOTLAYER_SERVER_CONCURRENCY: "3",
    BOOTLAYER_SERVER_DRAIN: "2m",
    DATABASE_URL: "postgres://a/b",
  };
  expect(parseSettings({ concurrency: "4", drain: undefined }, env)).toMatchObject({
    concurrency: 4,
    drainSeconds: 120,
    databaseUrl: "postgres://a/b",
  });
});

test("disks may lie in another directory, or in S3", () => {
  expect(parseSettings({ artifacts: "/shared" }, {}).artifacts).toEqual({
    kind: "local",
    directory: "/shared",
  });
  expect(
    parseSettings({ artifacts: "s3://disks/a/b", s3Endpoint: "http://127.0.0.1:9000", s3PathStyle: true }, {})
      .artifacts,
  ).toEqual({
    kind: "s3",
    endpoint: "http://127.0.0.1:9000",
    region: "us-east-1",
    bucket: "disks",
    prefix: "a/b/",
    pathStyle: true,
  });
});

test.for<[string, Parameters<typeof parseSettings>[0], Parameters<typeof parseSettings>[1], string]>([
  ["an unknown flag", { lisen: "80" }, {}, "lisen"],
  ["an unknown variable", {}, { BOOTLAYER_SERVER_LISEN: "80" }, "BOOTLAYER_SERVER_LISEN"],
  ["a port that is none", { listen: "127.0.0.1:70000" }, {}, "listen"],
  ["a number that is none", { concurrency: "0" }, {}, "concurrency"],
  ["a size that is none", { diskLimit: "much" }, {}, "much"],
  ["free space for a size", { diskLimit: "+4G" }, {}, "+4G"],
  ["a time without unit", { drain: "60" }, {}, "drain"],
  ["a database of another kind", { databaseUrl: "mysql://a" }, {}, "databaseUrl"],
  ["a bucket without name", { artifacts: "s3://" }, {}, "s3://BUCKET"],
  ["an endpoint without bucket", { s3Endpoint: "http://a" }, {}, "--artifacts"],
  ["an own name that no reference can have", { ownName: ["a/b"] }, {}, "a/b"],
])("refused, and named: %s", ([, flags, env, named]) => {
  expect(() => parseSettings(flags, env)).toThrow(
    expect.objectContaining({ code: "SERVER_SETTINGS", message: expect.stringContaining(named) as string }),
  );
});

test("places of disks that are to be fetched are in one spelling, and are refused where they are none", () => {
  const { fetchDisks } = parseSettings(
    {},
    { BOOTLAYER_SERVER_FETCH_DISKS: "Registry.Example:443/team,docker.io" },
  );
  expect(fetchDisks).toEqual(["registry.example:443/team", "docker.io"]);
  expect(parseSettings({}, {}).fetchDisks).toEqual([]);
  for (const place of [
    "https://registry.example",
    "registry.example/",
    "registry.example/Team",
    "registry.example/a:1",
  ])
    expect(() => parseSettings({ fetchDisks: [place] }, {})).toThrow(
      expect.objectContaining({ code: "SERVER_SETTINGS" }),
    );
});
