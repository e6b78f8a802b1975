import type { RealImageRecipe } from "../real-images/recipe.ts";
import { debianImageInputs, debianImageLayers, type DebianImage } from "./debian-image.ts";

const IMAGE: DebianImage = {
  name: "node",
  steps: [
    { packages: ["nodejs"] },
    {
      script: String.raw`
        add_user node 1000 /home/node /bin/bash
        install -d -m 755 home
        install -d -m 755 -o 1000 -g 1000 home/node
        install -D -m 755 "$FILES/docker-entrypoint.sh" usr/local/bin/docker-entrypoint.sh
      `,
    },
    {
      script: String.raw`
        install -d -m 755 -o 1000 -g 1000 app
        install -m 644 -o 1000 -g 1000 "$FILES/server.js" app/
      `,
    },
  ],
};

/** Debian's Node, arranged as the official image is, with a server in /app that its user `node` runs. */
export const node: RealImageRecipe = {
  name: IMAGE.name,
  config: {
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["node", "server.js"],
    Env: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "NODE_ENV=production",
      "PORT=3000",
    ],
    ExposedPorts: { "3000/tcp": {} },
    User: "node",
    WorkingDir: "/app",
  },
  inputs: async () => await debianImageInputs(IMAGE),
  build: (scratch) => debianImageLayers(IMAGE, scratch),
};
