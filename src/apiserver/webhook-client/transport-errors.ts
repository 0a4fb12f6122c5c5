/** What keeps an answer from coming, in the words that users know. */
import { isObject } from "#machinery/patch/merge-patch";

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

export function causeText(cause: unknown): string {
  const error = cause as SystemError;
  const { code = "", address = "", port, hostname = "" } = error;
  const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  if (UNKNOWN_AUTHORITY.has(code)) {
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  switch (code) {
    case "ECONNREFUSED":
      return `dial tcp ${place}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp ${place}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${place}: connect: network is unreachable`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${hostname}: no such host`;
    case "ECONNRESET":
      return "EOF";
    case "CERT_HAS_EXPIRED":
      return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `tls: failed to verify certificate: x509: ${error.message}`;
    default:
      return error.message;
  }
}

const TEXTS: Readonly<Record<number, string>> = {
  400: "the server rejected our request for an unknown reason",
  401: "the server has asked for the client to provide credentials",
  404: "the server could not find the requested resource",
  405: "the server does not allow this method on the requested resource",
  406: "the server was unable to respond with a content type that the client supports",
  409: "the server reported a conflict",
  410: "the server no longer has the requested resource",
  415: "the server was unable to respond with a content type that the client supports",
  422: "the server rejected our request due to an error in our request",
  429: "the server has received too many requests and has asked us to try again later",
  503: "the server is currently unable to handle the request",
  504: "the server was unable to return a response in the time allotted, but may still be processing the request",
};

const SHOWN_MAX = 2048;

/** For an answer that is no success: its own words where it is a Status. */
export function statusText(code: number, body: string): string {
  const said = statusMessage(body);
  if (said !== undefined) return said;
  const shown = body.trim().slice(0, SHOWN_MAX);
  if (code === 500) {
    return `an error on the server (${JSON.stringify(shown || "unknown")}) has prevented the request from succeeding`;
  }
  if (code === 403 && shown !== "") return shown;
  return (
    TEXTS[code] ?? `the server responded with the status code ${code} but did not return more information`
  );
}

function statusMessage(body: string): string | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    if (isObject(value) && value.kind === "Status" && typeof value.message === "string") return value.message;
  } catch {
    // No JSON: shown as it is.
  }
  return undefined;
}
