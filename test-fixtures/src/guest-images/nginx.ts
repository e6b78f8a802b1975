import type { RealImageRecipe } from "../real-images/recipe.ts";
import { debianImageInputs, debianImageLayers, type DebianImage } from "./debian-image.ts";

const IMAGE: DebianImage = {
  name: "nginx",
  // iproute2 serves nginx-common's scripts alone.
  without: /^(iproute2|libbpf1|libelf1|libmnl0|libtirpc.*|libxtables12)$/,
  steps: [
    {
      packages: ["gettext-base", "nginx"],
      script: String.raw`
        mkdir -p -m 755 var/log/nginx usr/share/nginx/html
        ln -s /dev/stdout var/log/nginx/access.log
        ln -s /dev/stderr var/log/nginx/error.log
        echo '<h1>Welcome to nginx!</h1>' > usr/share/nginx/html/index.html
      `,
    },
    {
      script: String.raw`
        mkdir -p -m 755 etc/nginx/{conf.d,templates} docker-entrypoint.d
        install -m 644 "$FILES/default.conf" etc/nginx/conf.d/
        install -m 644 "$FILES/environment.conf.template" etc/nginx/templates/
        install -m 755 "$FILES/docker-entrypoint.sh" .
        install -m 755 "$FILES"/[0-9]*sh docker-entrypoint.d/
      `,
    },
  ],
};

/** Debian's nginx, arranged as the official image is. */
export const nginx: RealImageRecipe = {
  name: IMAGE.name,
  config: {
    Entrypoint: ["/docker-entrypoint.sh"],
    Cmd: ["nginx", "-g", "daemon off;"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "NGINX_VERSION=1.22.1"],
    ExposedPorts: { "80/tcp": {} },
    Labels: { maintainer: "nobody <nobody@example.org>" },
    StopSignal: "SIGQUIT",
  },
  inputs: async () => await debianImageInputs(IMAGE),
  build: (scratch) => debianImageLayers(IMAGE, scratch),
};
