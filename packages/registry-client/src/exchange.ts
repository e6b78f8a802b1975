import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { gatherBody, type GatheredBody } from "./gathered-body.ts";
import type { HttpMethod } from "./transport.ts";

export interface Exchange {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | null;
}

export interface ExchangeAnswer {
  readonly status: number;
  /** By lowercase name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: GatheredBody;
}

/**
 * One request and its answer; `onEnd` is called once nothing more of it comes or goes. The HTTP client's own body would cost a turn of a stream's machinery for each of a blob's
 * many chunks.
 *
 * @throws what the HTTP client, or the request's body, does; the signal's reason when aborted.
 */
export function exchange(
  dispatcher: Dispatcher,
  { method, url, headers, body }: Exchange,
  signal: AbortSignal,
  onEnd: () => void,
): Promise<ExchangeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ExchangeAnswer>();
  let controller: Dispatcher.DispatchController | undefined;
  let gathered: GatheredBody | undefined;

  function onAbort(): void {
    const reason = asError(signal.reason);
    reject(reason);
    controller?.abort(reason);
  }

  signal.addEventListener("abort", onAbort, { once: true });
  const path = `${url.pathname}${url.search}`;
  dispatcher.dispatch(
    { origin: url.origin, path, method, headers, body },
    {
      onRequestStart(started) {
        controller = started;
        // It may have waited for a connection.
        if (signal.aborted) started.abort(asError(signal.reason));
      },
      onResponseStart(answering, status, headers) {
        if (status < 200) return;
        gathered = gatherBody(answering);
        resolve({ status, headers, body: gathered });
      },
      onResponseData(_, chunk) {
        gathered?.push(chunk);
      },
      onResponseEnd() {
        signal.removeEventListener("abort", onAbort);
        onEnd();
        gathered?.end();
      },
      onResponseError(_, error) {
        signal.removeEventListener("abort", onAbort);
        onEnd();
        reject(error);
        gathered?.fail(error, signal.aborted);
      },
    },
  );
  return promise;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
