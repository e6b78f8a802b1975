import { isLoopbackHost } from "./address-reach.ts";

/** Which hosts are spoken to without TLS: all, none, or those that the function names. Absent: loopback only. */
export type PlainHttp = boolean | ((host: string) => boolean) | undefined;

/** Where a registry's API is: docker.io's has another host than its name. */
export function registryOrigin(registry: string, plainHttp: PlainHttp): URL {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const plain = new URL(`http://${host}`);
  return isPlainHttp(plain, plainHttp) ? plain : new URL(`https://${host}`);
}

export function isPlainHttp(url: URL, plainHttp: PlainHttp): boolean {
  if (typeof plainHttp === "function") return plainHttp(url.host);
  return plainHttp ?? isLoopbackHost(url.hostname);
}
