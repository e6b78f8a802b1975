import * as z from "zod";
import { RegistryError } from "../errors.ts";
import { registryLogin, type Credentials } from "./credentials.ts";

/** How helpers are run. */
export interface HelperContext {
  /** What they see of the environment; PATH is where they are looked for. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long one may take: it may ask a person to unlock a keychain, or a cloud for a token. 30,000 if absent. */
  readonly helperMilliseconds?: number;
}

/** A login to be kept; for the user `<token>` the secret is an identity token. */
export interface HelperLogin {
  readonly username: string;
  readonly secret: string;
}

type Action = "get" | "store" | "erase";

const maxOutputBytes = 64 * 1024;
const namePattern = /^[a-z0-9-]{1,64}$/;
/** What helpers print where they know nothing; clients of docker's protocol compare these very words. */
const notFound = "credentials not found in native keychain";

const loginSchema = z.object({ Username: z.string().default(""), Secret: z.string().min(1) });

/**
 * Asks `docker-credential-NAME` for a login (docker-credential-helpers' protocol). Undefined: it knows none.
 *
 * @throws {RegistryError} REGISTRY_CREDENTIAL_HELPER, with nothing of what the helper printed.
 */
export async function getFromHelper(
  name: string,
  server: string,
  context: HelperContext,
): Promise<Credentials | undefined> {
  const { exitCode, stdout } = await runHelper(name, "get", server, context);
  if (exitCode !== 0) {
    if (stdout.trim() === notFound) return undefined;
    throw fault(name, `failed to get the login of ${server}`, "run it by hand to see why");
  }
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    // The parser's own message quotes what it read.
  }
  const { data } = loginSchema.safeParse(json);
  if (!data)
    throw fault(name, `gives no login for ${server}`, "it does not speak the protocol of docker's helpers");
  return registryLogin({ username: data.Username, secret: data.Secret });
}

/** @throws {RegistryError} REGISTRY_CREDENTIAL_HELPER. */
export async function storeWithHelper(
  name: string,
  server: string,
  { username, secret }: HelperLogin,
  context: HelperContext,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
  const { exitCode } = await runHelper(name, "store", input, context);
  if (exitCode !== 0) throw fault(name, `did not store the login of ${server}`, "run it by hand to see why");
}

/**
 * True if there was something to erase.
 *
 * @throws {RegistryError} REGISTRY_CREDENTIAL_HELPER.
 */
export async function eraseWithHelper(
  name: string,
  server: string,
  context: HelperContext,
): Promise<boolean> {
  const { exitCode, stdout } = await runHelper(name, "erase", server, context);
  if (exitCode === 0) return true;
  if (stdout.trim() === notFound) return false;
  throw fault(name, `did not erase the login of ${server}`, "run it by hand to see why");
}

/** Answers with what the program printed and its exit code. No error carries its input or output. */
async function runHelper(
  name: string,
  action: Action,
  input: string,
  { environment, helperMilliseconds = 30_000 }: HelperContext,
): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  if (!namePattern.test(name))
    throw fault(name.slice(0, 64), "has a name that is none", "a name has only a to z, 0 to 9 and '-'");
  const { execa } = await import("execa");
  const running = execa(`docker-credential-${name}`, [action], {
    input,
    env: environment,
    extendEnv: false,
    stderr: "ignore",
    maxBuffer: maxOutputBytes,
    reject: false,
  });
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    running.kill("SIGKILL");
    // A child that the helper leaves behind may hold the pipe open for as long as it likes.
    running.stdout.destroy();
  }, helperMilliseconds);
  const result = await running;
  clearTimeout(limit);
  if (isLate)
    throw fault(name, `took more than ${helperMilliseconds} ms`, "unlock the keychain, or log in again");
  if (result.isMaxBuffer)
    throw fault(name, `printed more than ${maxOutputBytes} bytes`, "it is no credential helper");
  if (result.exitCode === undefined)
    throw fault(
      name,
      result.code === "ENOENT" ? "is not on PATH" : `cannot be run: ${result.code ?? result.signal}`,
      "install it, or take it out of the file that names it",
    );
  return { exitCode: result.exitCode, stdout: result.stdout };
}

function fault(name: string, what: string, hint: string): RegistryError {
  return new RegistryError(
    "REGISTRY_CREDENTIAL_HELPER",
    `the credential helper docker-credential-${JSON.stringify(name).slice(1, -1)} ${what}`,
    hint,
  );
}
