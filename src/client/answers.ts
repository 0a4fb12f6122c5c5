import { parseJson } from "#machinery/json";
import type { AnyObject, Resource } from "#machinery/schema";
import { type Status, StatusError, type StatusReason } from "#machinery/status";
import type { ListPage, WatchEvent } from "./transport.ts";

const REASONS: Readonly<Record<number, StatusReason>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The error that an answer with this code and body is. Proxies on the way answer with bodies of their own. */
export function errorOf(code: number, body: string): StatusError {
  const parsed = statusIn(body);
  if (parsed) return new StatusError(parsed);
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: body.slice(0, 1_000) || `the server answered ${code}`,
    reason: REASONS[code] ?? "Unknown",
    code,
  };
  return new StatusError(status);
}

function statusIn(body: string): Status | undefined {
  try {
    const parsed = parseJson(body) as Partial<Status> | null;
    return parsed?.kind === "Status" ? (parsed as Status) : undefined;
  } catch {
    return undefined;
  }
}

interface WireList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly Partial<AnyObject>[] | null;
}

/** Upstream leaves kind and version out of a list's items; objects of ours have them. */
export function listPageOf<T extends AnyObject>(
  { kind, apiVersion }: Resource<T>,
  body: string,
): ListPage<T> {
  const { metadata = {}, items } = parseJson(body) as WireList;
  const whole = (item: Partial<AnyObject>): unknown =>
    item.kind === undefined ? { ...item, kind, apiVersion } : item;
  return {
    resourceVersion: metadata.resourceVersion ?? "",
    continue: metadata.continue ?? "",
    items: (items ?? []).map(whole) as T[],
  };
}

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/** One line of a watch; an ERROR event is thrown. */
export function watchEventOf<T extends AnyObject>(line: string): WatchEvent<T> {
  const { type, object } = parseJson(line) as { readonly type: string; readonly object: T };
  if (type === "ERROR") throw new StatusError(object as unknown as Status);
  if (type !== "BOOKMARK") return { type: type as "ADDED" | "MODIFIED" | "DELETED", object };
  const { resourceVersion, annotations = {} } = object.metadata;
  return { type, resourceVersion, initialEventsEnd: annotations[INITIAL_EVENTS_END] === "true" };
}
