/** What every answer must be like. */
import { decodeCbor } from "#machinery/cbor";
import { readEnvelope, isEnvelope } from "#machinery/protobuf-envelope";
import type { OddRequest, RawBytes } from "./requests/request.ts";
import { BY_DESIGN, SECOND } from "./peers/misbehaving.ts";
import type { Answer } from "./sender.ts";
import { EXTENSION } from "./names.ts";

const REASONS: Readonly<Record<number, readonly string[]>> = {
  400: ["BadRequest"],
  401: ["Unauthorized"],
  403: ["Forbidden"],
  404: ["NotFound"],
  405: ["MethodNotAllowed"],
  406: ["NotAcceptable"],
  409: ["Conflict", "AlreadyExists"],
  410: ["Gone", "Expired"],
  413: ["RequestEntityTooLarge"],
  415: ["UnsupportedMediaType"],
  422: ["Invalid"],
  429: ["TooManyRequests"],
  503: ["ServiceUnavailable"],
  504: ["Timeout"],
};

/** Kubernetes answers these with 500 itself: what is its words for it, webhooks that fail, and what a kubelet said. */
export const DOCUMENTED = new RegExp(
  `resourceVersion should not be set on objects to be created|failed calling webhook|failed to create typed patch object|${BY_DESIGN}`,
);
/** How JavaScript says that a program is wrong. */
const FAULTY =
  /Cannot (?:read|set|convert|destructure|mix)|is not (?:a function|iterable|a constructor|defined)|Maximum call stack|Invalid (?:array length|string length|time value)|Assertion/;

/** Requests that are for another server, whose answer is its own. */
const ELSEWHERE = new RegExp(`^/apis/${EXTENSION}|/proxy(?:/|\\?|$)|/log\\?`);

/** What extension servers answer themselves is passed on whatever it is. */
const isAnothers = (request: OddRequest | RawBytes, { body }: Answer): boolean =>
  request.over !== "raw" &&
  ELSEWHERE.test(request.path) &&
  // The words of a kubelet are in the body, which HEAD does not show.
  (request.method === "HEAD" ||
    // Nor has the beginning of an answer that broke off any.
    (request.path.includes("/proxy/") && body === "") ||
    (request.path.startsWith(`/apis/${EXTENSION}`) && !body.includes("Internal error occurred")));

/** Why this is no answer that Kubernetes could give; undefined for those that are fine. */
export function faultOf(request: OddRequest | RawBytes, answer: Answer): string | undefined {
  if (answer.hung) return "no answer within the deadline";
  if (answer.status >= 400 && FAULTY.test(answer.body))
    return `${answer.status}: ${answer.body.slice(0, 600)}`;
  if (answer.body.includes(SECOND)) return "an answer that nobody had asked for was passed on";
  if (request.over !== "raw" && request.mayFail && answer.status >= 400) return undefined;
  if (answer.status === 500 && !DOCUMENTED.test(answer.body) && !isAnothers(request, answer))
    return `500: ${answer.body.slice(0, 600)}`;
  if (request.over === "raw")
    return /HTTP\/1\.1 5[0-9][0-9]/.test(answer.body) && !/ 50[34] /.test(answer.body)
      ? answer.body.slice(0, 300)
      : undefined;
  if (answer.status < 400 || request.abort || DOCUMENTED.test(answer.body)) return undefined;
  if (!/^\/apis?\/[^?]/.test(request.path) || request.method === "HEAD") return undefined;
  if (ELSEWHERE.test(request.path)) return undefined;
  return faultOfStatus(answer);
}

function faultOfCbor(body: string): string | undefined {
  try {
    const { kind } = decodeCbor(Buffer.from(body, "latin1")) as { kind: unknown };
    return kind === "Status" ? undefined : `an error in CBOR that is a ${String(kind)}`;
  } catch (error) {
    return `an error that is no CBOR: ${String(error)}`;
  }
}

function isStatus(bytes: Uint8Array): boolean {
  try {
    return isEnvelope(bytes) && readEnvelope(bytes).kind === "Status";
  } catch {
    return false;
  }
}

/** How a handshake that is none is refused. */
const WEB_SOCKET =
  /^(?:Invalid HTTP method|(?:Missing or invalid|Invalid) (?:Sec-WebSocket|Upgrade)[-A-Za-z]* header)$/;

function faultOfStatus({ status, type, body }: Answer): string | undefined {
  // The listener's own refusals come before there is a request.
  if (
    status === 431 ||
    status === 417 ||
    WEB_SOCKET.test(body) ||
    (type.startsWith("text/plain") && (status === 400 || status === 429))
  )
    return undefined;
  if (type.startsWith("application/vnd.kubernetes.protobuf")) {
    const bytes = Buffer.from(body, "latin1");
    return isStatus(bytes)
      ? undefined
      : `an error that is no Status in protobuf: ${bytes.toString("hex").slice(0, 200)}`;
  }
  if (type.startsWith("application/cbor")) return faultOfCbor(body);
  if (type.startsWith("application/yaml"))
    return body.includes("kind: Status") ? undefined : "an error that is no Status in YAML";
  let parsed: { kind?: unknown; status?: unknown; code?: unknown; reason?: unknown; message?: unknown };
  try {
    parsed = JSON.parse(body) as typeof parsed;
  } catch {
    return `an error that is no JSON (${status} ${type}): ${body.slice(0, 200)}`;
  }
  if (parsed.kind !== "Status" || parsed.status !== "Failure")
    return `an error that is no Status: ${body.slice(0, 200)}`;
  if (parsed.code !== status) return `code ${String(parsed.code)} in an answer with ${status}`;
  const reasons = REASONS[status];
  if (!reasons) return `unexpected code ${status}: ${body.slice(0, 300)}`;
  if (!reasons.includes(String(parsed.reason))) return `reason ${String(parsed.reason)} with ${status}`;
  return typeof parsed.message === "string" && parsed.message !== ""
    ? undefined
    : `no message with ${status}`;
}
