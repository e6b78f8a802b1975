import type { RealImageRecipe } from "../real-images/recipe.ts";
import { debianImageInputs, debianImageLayers, type DebianImage } from "./debian-image.ts";

const IMAGE: DebianImage = {
  name: "postgres",
  // Just-in-time compilation, and what Debian's own management of clusters needs.
  without:
    /^(adduser|init-system-helpers|libc-l10n|lib(file|number|text)-.*-perl|libjson-perl|libgdbm.*|libllvm.*|libperl.*|libz3.*|locales|openssl|perl|perl-modules.*|postgresql-(client-)?common|ssl-cert|ucf|usrmerge)$/,
  steps: [
    {
      packages: ["gosu"],
      script: String.raw`
        add_user postgres 999 /var/lib/postgresql /bin/bash
        install -d -m 755 var var/lib
        install -d -m 755 -o 999 -g 999 var/lib/postgresql
        install -d -m 1777 -o 999 -g 999 var/lib/postgresql/data
        install -d -m 755 run
        install -d -m 3777 -o 999 -g 999 run/postgresql
        mkdir -m 755 docker-entrypoint-initdb.d
      `,
    },
    {
      packages: ["postgresql-15"],
      script: String.raw`
        rm -rf usr/lib/postgresql/15/lib/{bitcode,llvmjit*} var/lib/postgresql
        sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'        /" \
          usr/share/postgresql/15/postgresql.conf.sample
        grep -q "^listen_addresses = '\*'" usr/share/postgresql/15/postgresql.conf.sample
      `,
    },
    { script: 'install -D -m 755 "$FILES/docker-entrypoint.sh" usr/local/bin/docker-entrypoint.sh' },
  ],
};

/** Debian's PostgreSQL, arranged as the official image is: starts as root, becomes `postgres`, asks for POSTGRES_PASSWORD. */
export const postgres: RealImageRecipe = {
  name: IMAGE.name,
  config: {
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["postgres"],
    Env: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin",
      "LANG=C.UTF-8",
      "PG_MAJOR=15",
      "PGDATA=/var/lib/postgresql/data",
    ],
    ExposedPorts: { "5432/tcp": {} },
    Volumes: { "/var/lib/postgresql/data": {} },
    StopSignal: "SIGINT",
  },
  inputs: async () => await debianImageInputs(IMAGE),
  build: (scratch) => debianImageLayers(IMAGE, scratch),
};
