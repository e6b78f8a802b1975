import { ClientError } from "./errors.ts";

/** An answer that is no success, as an error. What is no problem document, a proxy's page say, is told by its status. */
export async function refusal(request: Request, response: Response): Promise<ClientError> {
  const { status } = response;
  const said: unknown = await response.json().catch(() => undefined);
  const text = (name: string): string | undefined => {
    const value: unknown = typeof said === "object" && said !== null ? Reflect.get(said, name) : undefined;
    return typeof value === "string" ? value : undefined;
  };
  const [code, detail, hint] = [text("code"), text("detail"), text("hint")];
  if (code === undefined || detail === undefined || hint === undefined)
    return new ClientError(
      "CLIENT_PROTOCOL",
      `${new URL(request.url).origin} answers with status ${status} and no problem document`,
      "see whether this is a bootlayer-server, and what is between it and this machine",
      { status },
    );
  const [title, requestId] = [text("title"), text("requestId")];
  const problem = {
    status,
    code,
    detail,
    hint,
    ...(title === undefined ? {} : { title }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  return new ClientError("CLIENT_REFUSED", detail, hint, { status, problem });
}
