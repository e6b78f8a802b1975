import { useEffect, useState } from "preact/hooks";

/** Kept for this tab alone, and gone with it. */
const key = "bootlayer.token";
const changes = new EventTarget();

export function currentToken(): string | undefined {
  return sessionStorage.getItem(key) ?? undefined;
}

export function setToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, token);
  changes.dispatchEvent(new Event("change"));
}

export function useToken(): string | undefined {
  const [token, setCurrent] = useState(currentToken);
  useEffect(() => {
    const update = (): void => setCurrent(currentToken());
    changes.addEventListener("change", update);
    return () => changes.removeEventListener("change", update);
  }, []);
  return token;
}
