/** What proves to a registry who asks. */
export type Credentials = Readonly<
  | { kind: "password"; username: string; password: string }
  /** Traded for access tokens at the token server (OAuth's refresh token). Some servers want the user name beside it. */
  | { kind: "identity-token"; username: string; token: string }
  /** Sent to the registry as it is. */
  | { kind: "registry-token"; token: string }
>;

/** Finds the credentials for a repository; undefined means anonymous. Called anew for each token that is fetched. */
export type CredentialSource = (registry: string, repository: string) => Promise<Credentials | undefined>;

/** RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
