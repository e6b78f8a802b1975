import { join } from "node:path";
import {
  makeCertificates,
  requireJudge,
  startDockerRegistry,
  startForwardProxy,
  startRegistry,
  writeLayout,
} from "@bootlayer/test-fixtures";
import { expect, onTestFinished, test } from "vitest";
import { runCli, withDirectory } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

const small = smallImage();
const arguments_ = ["--platform", "linux/amd64", "--json", "--progress", "none"];

test("a registry without TLS is pulled from through the proxy of the environment", async () => {
  const registry = await startRegistry({ images: { "a/b:1": small } });
  onTestFinished(() => registry.close());
  const proxy = await startForwardProxy();
  onTestFinished(proxy.close);
  await withDirectory(async (directory) => {
    const host = `registry.example:${registry.host.split(":")[1]}`;
    const { exitCode, stdout, stderr } = await runCli(
      ["pull", `${host}/a/b:1`, "--plain-http", "--store", join(directory, "store"), ...arguments_],
      { env: { http_proxy: `http://${proxy.host}` } },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ digest: small.manifestDescriptor.digest });
    expect(new Set(proxy.seen)).toEqual(new Set([`GET ${host} `]));
  });
});

const judge = requireJudge("docker-registry", "skopeo", "openssl");
test.skipIf(judge.skip).for(["http", "https"])(
  `Debian's docker-registry is pulled from by TLS through an %s proxy, pushed to, and the proxy gets its password${judge.reason}`,
  async (scheme) => {
    await withDirectory(async (directory) => {
      const certificates = await makeCertificates(join(directory, "certificates"));
      const registry = await startDockerRegistry({ tls: { certificates } });
      onTestFinished(registry.close);
      await writeLayout(join(directory, "layout"), { small });
      const proxy = await startForwardProxy(scheme === "https" ? { tls: certificates.server } : {});
      onTestFinished(proxy.close);
      const host = `registry.example:${registry.host.split(":")[1]}`;
      const fixed = [
        "--tls-ca",
        join(certificates.clientDirectory, "ca.crt"),
        "--store",
        join(directory, "store"),
        ...arguments_,
      ];
      // By its name: Node warns of TLS with an address.
      const env = { https_proxy: `${scheme}://u:secret@${proxy.host.replace("127.0.0.1", "localhost")}` };
      for (const command of [
        ["push", `oci:${join(directory, "layout")}:small`, `${host}/a/b:1`],
        ["pull", `${host}/a/b:1`],
      ]) {
        const { exitCode, stdout, stderr } = await runCli([...command, ...fixed], { env });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(JSON.parse(stdout)).toMatchObject({ digest: small.manifestDescriptor.digest });
      }
      const basic = `Basic ${Buffer.from("u:secret").toString("base64")}`;
      expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${host} ${basic}`]));
    });
  },
);
