import { BootlayerError } from "@bootlayer/errors";
import type { Problem } from "./api-types.ts";

export type ClientErrorCode =
  | "CLIENT_REFUSED"
  | "CLIENT_UNREACHABLE"
  | "CLIENT_PROTOCOL"
  | "CLIENT_BUILD_FAILED"
  | "CLIENT_BUILD_CANCELLED"
  | "CLIENT_OPTIONS";

/** A request that came to nothing, or a build that did. */
export class ClientError extends BootlayerError<ClientErrorCode> {
  /** Of the server's answer; undefined where none came. */
  readonly status: number | undefined;
  /** What the server said, or why the build failed. */
  readonly problem: (Partial<Problem> & Pick<Problem, "code" | "detail" | "hint">) | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    hint: string,
    {
      status,
      problem,
      ...options
    }: ErrorOptions & {
      readonly status?: number | undefined;
      readonly problem?: ClientError["problem"];
    } = {},
  ) {
    super(code, message, hint, options);
    this.status = status;
    this.problem = problem;
  }
}
