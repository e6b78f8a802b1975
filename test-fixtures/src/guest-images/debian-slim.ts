import type { RealImageRecipe } from "../real-images/recipe.ts";
import { debianImageInputs, debianImageLayers, type DebianImage } from "./debian-image.ts";
import { probeInputs, probeLayer } from "./probe.ts";

const IMAGE: DebianImage = {
  name: "debian-slim",
  steps: [
    {
      script: String.raw`
        add_user app 1001 /home/app /bin/bash
        echo 'data:x:5005:app' >> etc/group
        sed -i 's/^\(staff:.*\)/\1app/; s/^\(video:.*\)/\1app/' etc/group
        install -d -m 755 home
        install -d -m 700 -o 1001 -g 1001 home/app
        install -d -m 2770 -o 0 -g 5005 srv/data
        install -D -m 755 "$FILES/entrypoint.sh" usr/local/bin/entrypoint.sh
      `,
    },
  ],
};

/** A Debian with bash, whose entrypoint is a script and whose user has supplementary groups: staff, video, data (5005). */
export const debianSlim: RealImageRecipe = {
  name: IMAGE.name,
  config: {
    Entrypoint: ["/usr/local/bin/entrypoint.sh"],
    Cmd: ["probe", "report"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "GREETING=hello, world"],
    User: "app",
    WorkingDir: "/srv/data/work",
    Volumes: { "/srv/data": {} },
    StopSignal: "SIGTERM",
    Labels: { "org.opencontainers.image.title": "debian-slim" },
  },
  inputs: async () => [await debianImageInputs(IMAGE), await probeInputs()],
  build: async function* (scratch) {
    yield* debianImageLayers(IMAGE, scratch);
    yield await probeLayer(scratch, "glibc", "usr/local/bin/probe");
  },
};
