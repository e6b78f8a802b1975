import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { debianClosure, downloadPackages, unpackPackage, type DebianPackage } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import type { RealImageRecipe } from "../real-images/recipe.ts";
import { imageFile, imageFiles } from "./image-files.ts";
import { probeInputs, probeLayer } from "./probe.ts";

/** Alone, without what they depend on: nothing here may bring a shell. */
const LAYERS = [
  ["base-files", "ca-certificates", "media-types", "netbase", "tzdata"],
  ["libc6", "libgcc-s1", "libssl3"],
];

const BASE = String.raw`
rm -rf usr/sbin/* usr/share/{doc,lintian,man}
mkdir -p etc/ssl/certs
find usr/share/ca-certificates -name '*.crt' -print0 | sort -z | xargs -0 cat > etc/ssl/certs/ca-certificates.crt
install -m 644 "$FILES/passwd" "$FILES/group" "$FILES/nsswitch.conf" etc/
install -d -m 700 -o 65532 -g 65532 home/nonroot
`;

/**
 * As gcr.io/distroless/base:nonroot: glibc, certificates, time zones, two users, no shell and no program but the
 * image's own; `/bin` and `/lib` are directories.
 */
export const distroless: RealImageRecipe = {
  name: "distroless",
  config: {
    Entrypoint: ["/app/probe"],
    Cmd: ["report"],
    Env: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
    ],
    User: "nonroot",
    WorkingDir: "/home/nonroot",
    ExposedPorts: { "8080/tcp": {} },
  },
  inputs: async () => [await packagesByLayer(), await imageFiles("distroless"), await probeInputs()],
  build: async function* (scratch) {
    for (const [index, packages] of (await packagesByLayer()).entries()) {
      const directory = join(scratch, `layer${index}`);
      await mkdir(directory);
      for (const deb of await downloadPackages(packages)) await unpackPackage(deb, directory);
      const script = index === 0 ? BASE : "rm -rf usr/share/{doc,lintian}";
      const env = { FILES: imageFile("distroless") };
      await runTool("bash", ["-euc", `umask 022\n${script}`], { cwd: directory, env });
      yield { directory };
    }
    yield await probeLayer(scratch, "glibc", "app/probe");
  },
};

async function packagesByLayer(): Promise<DebianPackage[][]> {
  const closure = await debianClosure(LAYERS.flat());
  return LAYERS.map((names) => closure.filter(({ name }) => names.includes(name)));
}
