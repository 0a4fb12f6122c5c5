/** What clients hear when their request is not served. */
import { Status as StatusKind } from "#api/meta-v1/status";
import { logger } from "#base/log";
import { StatusError, internalError } from "#machinery/status";
import type { Exchange, Headers } from "../http/exchange.ts";
import { type Accepted, MEDIA_TYPE, PLAIN_FORMS, accepted, cborForms } from "../negotiation/accept.ts";
import { encodeValue } from "../negotiation/answer-writer.ts";

const log = logger("apiserver.request");

/** What went wrong, for the client. Our own faults are logged here. */
export function asStatus(thrown: unknown, exchange: Exchange): StatusError {
  if (thrown instanceof StatusError) return thrown;
  if (!exchange.signal.aborted) {
    log.error("a request failed", { method: exchange.method, path: exchange.path, error: thrown });
  }
  return internalError(thrown);
}

/** Answers with the Status, in a form that the client takes, or in JSON where it takes none. */
export function replyError(
  exchange: Exchange,
  error: StatusError,
  headers: Headers,
  speaksCbor: boolean,
): void {
  const { retryAfterSeconds } = error.status.details ?? {};
  let form: Accepted;
  try {
    form = accepted(exchange.header("accept"), speaksCbor ? cborForms(PLAIN_FORMS) : PLAIN_FORMS);
  } catch {
    form = { format: "json", as: "", asVersion: "", parameters: {} };
  }
  const body = encodeValue(error.status, StatusKind, form.format, false);
  exchange.reply(
    error.code,
    {
      ...headers,
      "content-type": MEDIA_TYPE[form.format],
      ...(retryAfterSeconds ? { "retry-after": String(retryAfterSeconds) } : {}),
    },
    body,
  );
}

/** Seconds after which another server, or this one anew, is worth a try. */
const SHUTDOWN_RETRY_SECONDS = 5;

/** The connection is of no more use, either; with HTTP/2 that has been said before. */
export function shuttingDown(exchange: Exchange, headers: Headers): StatusError {
  if (exchange.raw.protocol === "h1") headers["connection"] = "close";
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "The apiserver is shutting down, please try again later.",
    reason: "TooManyRequests",
    details: { retryAfterSeconds: SHUTDOWN_RETRY_SECONDS },
    code: 429,
  });
}
