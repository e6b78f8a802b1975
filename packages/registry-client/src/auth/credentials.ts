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

/** A login as people and helpers write it: for the user `<token>` the secret is an identity token, else a password. */
export function registryLogin(login: { readonly username: string; readonly secret: string }): Credentials {
  const { username, secret } = login;
  return username === "<token>"
    ? { kind: "identity-token", username: "", token: secret }
    : { kind: "password", username, password: secret };
}

/** RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** What of a header's value must not be shown, in every form in which a server could repeat it. */
export function secretsInHeader(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  const bare = value.replace(/^\w+ /, "");
  if (!/^basic /i.test(value)) return [bare];
  const pair = Buffer.from(bare, "base64").toString("utf8");
  return [bare, pair, pair.slice(pair.indexOf(":") + 1)];
}
