import type { RequestInfo } from "../contracts.ts";

/** What serving a request is expected to take, in seats; most take one until they are answered. */
export interface WorkEstimate {
  readonly initialSeats: number;
  /** Seats that are kept for `additionalMs` behind the answer, for telling watchers. */
  readonly finalSeats: number;
  readonly additionalMs: number;
}

/** What estimates are made from. */
export interface Sizes {
  /** Stored objects of the kind that is asked for; 0 when it is not known. */
  objects(info: RequestInfo): number;
  /** Watches that will hear of a change. */
  watches(info: RequestInfo): number;
  /** No request takes more. */
  readonly seatsMax: number;
}

const OBJECTS_PER_SEAT = 100;
const WATCHES_PER_SEAT = 10;
/** Milliseconds that telling the watches of one seat takes. */
const EVENT_MS = 5;

export const ONE_SEAT: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalMs: 0 };

const WRITES = new Set(["create", "update", "patch", "delete"]);

export function estimateWork(info: RequestInfo, sizes: Sizes): WorkEstimate {
  if (!info.isResource) return ONE_SEAT;
  if (info.verb === "list" || info.verb === "watch") return ofList(info, sizes);
  return WRITES.has(info.verb) ? ofWrite(info, sizes) : ONE_SEAT;
}

function ofList(info: RequestInfo, { objects, seatsMax }: Sizes): WorkEstimate {
  const { verb, name, query } = info;
  if (name !== "") return ONE_SEAT;
  if (verb === "watch" && query.get("sendInitialEvents") !== "true") return ONE_SEAT;
  const stored = objects(info);
  const seats = Math.ceil(touched(query, stored, verb === "watch" || isFromCache(query)) / OBJECTS_PER_SEAT);
  return seats <= 1 ? ONE_SEAT : { ...ONE_SEAT, initialSeats: Math.min(seats, seatsMax) };
}

/** Objects that are looked at. */
function touched(query: URLSearchParams, stored: number, fromCache: boolean): number {
  if (fromCache) return stored;
  const limit = Number(query.get("limit") ?? 0);
  const page = limit > 0 && limit < stored ? limit : stored;
  return query.get("labelSelector") || query.get("fieldSelector") ? stored + page : 2 * page;
}

/** Older states, and pages of them, are read from the store. */
function isFromCache(query: URLSearchParams): boolean {
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  if (match !== "" && match !== "NotOlderThan") return false;
  if (match === "" && Number(query.get("limit") ?? 0) > 0 && version !== "" && version !== "0") return false;
  return (query.get("continue") ?? "") === "";
}

function ofWrite(info: RequestInfo, { watches, seatsMax }: Sizes): WorkEstimate {
  // A token is no object: nobody hears of it.
  if (info.resource === "serviceaccounts" && info.subresource === "token") return ONE_SEAT;
  const count = watches(info);
  if (count < WATCHES_PER_SEAT) return ONE_SEAT;
  const wanted = Math.ceil(count / WATCHES_PER_SEAT);
  const finalSeats = Math.min(wanted, seatsMax);
  return { initialSeats: 1, finalSeats, additionalMs: (wanted * EVENT_MS) / finalSeats };
}
