import type { RegistryClient } from "../client.ts";

/**
 * Asks the registry's base (distribution-spec "Determining Support") with the client's credentials, as every further
 * request would be: who is let in there has a login that works, unless the registry lets everyone in.
 *
 * @throws {RegistryError} REGISTRY_UNAUTHORIZED and REGISTRY_DENIED where the login is not accepted, or by kind of failure.
 */
export async function verifyLogin(
  client: RegistryClient,
  registry: string,
  signal: AbortSignal,
): Promise<void> {
  const request = {
    registry,
    repository: "",
    method: "GET",
    path: "",
    headers: {},
    subject: registry,
  } as const;
  for (let failures = 1; ; failures++) {
    try {
      const response = await client.send(request, signal);
      await response.discard();
      return;
    } catch (error) {
      await client.pause(error, failures, registry, signal);
    }
  }
}
