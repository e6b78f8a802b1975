import type { VNode } from "preact";

/**
 * Fields of a form for who may read the image. What is entered is in these fields and goes with the form's request, and nowhere else:
 * into no storage, no address and no other request.
 */
export function RegistryLogin(): VNode {
  return (
    <details>
      <summary>Registry login</summary>
      <div class="field">
        <label for="registry-user">User name</label>
        <input
          id="registry-user"
          name="registry-user"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      </div>
      <div class="field">
        <label for="registry-password">Password or token</label>
        <input
          id="registry-password"
          name="registry-password"
          type="password"
          autocomplete="off"
          aria-describedby="registry-help"
        />
        <small id="registry-help">
          For a private image. The server has it in memory alone, until the build has ended.
        </small>
      </div>
    </details>
  );
}

/** The login of a form, as the header X-Registry-Auth has it; undefined where none was entered. */
export function registryLoginOf(form: FormData): string | undefined {
  const [username, password] = ["registry-user", "registry-password"].map((name) => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  });
  if (!username && !password) return undefined;
  // In UTF-8: what btoa takes are bytes.
  const bytes = new TextEncoder().encode(JSON.stringify({ username, password }));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
