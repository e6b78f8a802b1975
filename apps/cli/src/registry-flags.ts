/** Flags of every command that reaches a registry. */
export interface RegistryFlags {
  readonly plainHttp: boolean;
  readonly creds?: string;
  readonly authFile?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenHost?: readonly string[];
}

const file = { kind: "parsed", parse: String, optional: true, placeholder: "FILE" } as const;

/** Those that `login` takes too. */
export const connectionFlags = {
  plainHttp: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Talk plain http to a registry that is not on loopback",
  },
  authFile: { ...file, brief: "Logins, before the files of docker and podman" },
  tlsCa: { ...file, brief: "Authority that is trusted besides the usual ones, as PEM" },
  tlsCert: { ...file, brief: "Certificate that is shown to the registry, as PEM" },
  tlsKey: { ...file, brief: "Its key (default: in the certificate's file)" },
  tokenHost: {
    kind: "parsed",
    parse: String,
    optional: true,
    variadic: true,
    placeholder: "HOST",
    brief: "A token server outside of the registry's domain that may get its login; may be repeated",
  },
} as const;

export const registryFlags = {
  ...connectionFlags,
  creds: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "USER[:PASSWORD]",
    brief: "Login of the registry, before all files; without a password that of BOOTLAYER_PASSWORD",
  },
} as const;
