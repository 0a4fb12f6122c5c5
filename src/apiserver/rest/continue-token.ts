import { StatusError, badRequest } from "#machinery/status";

/** Where a list goes on: the revision that the first page showed, and the key after the last one sent. */
export interface ContinuePoint {
  /** -1: the newest, for a list that goes on inconsistently. */
  readonly revision: number;
  readonly startKey: string;
}

const VERSION = "meta.k8s.io/v1";
const INCONSISTENT = -1;

/** Tokens name the key relative to the kind's prefix, as etcd-backed servers do. */
export function encodeContinue(lastKey: string, prefix: string, revision: number): string {
  const start = `${lastKey.slice(prefix.length)}\0`;
  const json = JSON.stringify({ v: VERSION, rv: revision, start });
  return Buffer.from(json).toString("base64url");
}

export function decodeContinue(token: string, prefix: string): ContinuePoint {
  const invalidToken = (why: string) => badRequest(`continue key is not valid: ${why}`);
  let decoded: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    decoded = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as typeof decoded;
  } catch {
    throw invalidToken("encoded value is not JSON");
  }
  if (typeof decoded !== "object" || decoded === null) throw invalidToken("encoded value is not an object");
  const { v, rv, start } = decoded;
  if (v !== VERSION)
    throw invalidToken(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0 || rv < INCONSISTENT) {
    throw invalidToken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (typeof start !== "string" || start === "") {
    throw invalidToken("encoded start key empty (version meta.k8s.io/v1)");
  }
  if (start.split("/").includes("..") || start.startsWith("/")) {
    throw invalidToken(`${JSON.stringify(start)}`);
  }
  return { revision: rv, startKey: prefix + start };
}

/** 410 with a token by which the client may go on, if it can live with another revision. */
export function expiredContinue(lastStart: string, prefix: string): StatusError {
  const start = lastStart.slice(prefix.length);
  const token = Buffer.from(JSON.stringify({ v: VERSION, rv: INCONSISTENT, start })).toString("base64url");
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: { continue: token },
    status: "Failure",
    message:
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    reason: "Expired",
    code: 410,
  });
}
