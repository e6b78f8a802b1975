import { expect, test } from "vitest";
import { checkListen } from "./loopback.ts";

const access = (tokens: boolean) => ({ tokens, privateSources: false });
const at = (host: string) => ({ host, port: 0 });

test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])(
  "without tokens %s may be listened on",
  async (host) => {
    await expect(checkListen({ listen: at(host), access: access(false) })).resolves.toBeUndefined();
  },
);

test.each(["0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "192.0.2.1", "no-such-host.invalid"])(
  "without tokens %s is SERVER_LISTEN",
  async (host) => {
    await expect(checkListen({ listen: at(host), access: access(false) })).rejects.toMatchObject({
      code: "SERVER_LISTEN",
    });
  },
);

test("with tokens every address may be listened on", async () => {
  await expect(checkListen({ listen: at("0.0.0.0"), access: access(true) })).resolves.toBeUndefined();
});
