import type { RequestInfo } from "../contracts.ts";

/** What serving a request is expected to take, in seats; most take one until they are answered. */
export interface WorkEstimate {
  readonly initialSeats: number;
  /** Seats that are kept for `additionalMs` behind the answer, for telling watchers. */
  readonly finalSeats: number;
  readonly additionalMs: number;
}

/** What is stored of one kind. */
export interface Stored {
  readonly objects: number;
  /** Of all of them together. */
  readonly bytes: number;
}

/** What estimates are made from. */
export interface Sizes {
  /** Of the kind that is asked for; nothing when it is not known. */
  stored(info: RequestInfo): Stored;
  /** Watches that will hear of a change. */
  watches(info: RequestInfo): number;
  /** No request of this level takes more. */
  readonly seatsMax: number;
  /** Lists cost by their bytes; else by the number of objects that are looked at. */
  readonly bySize: boolean;
}

const OBJECTS_PER_SEAT = 100;
const BYTES_PER_SEAT = 100_000;
/** What a list from the cache holds in memory at once, at most: it is sent piece by piece. */
const CACHED_BYTES_MAX = 1_000_000;
const WATCHES_PER_SEAT = 10;
/** Milliseconds that telling the watches of one seat takes. */
const EVENT_MS = 5;

/** No request takes more seats, whatever its level has. */
const SEATS_MAX = 10;
/** Of lists that are measured by their bytes. */
const SIZED_SEATS_MAX = 100;

export const ONE_SEAT: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalMs: 0 };

const WRITES = new Set(["create", "update", "patch", "delete"]);

export function estimateWork(info: RequestInfo, sizes: Sizes): WorkEstimate {
  if (!info.isResource) return ONE_SEAT;
  if (info.verb === "list" || info.verb === "watch") return ofList(info, sizes);
  return WRITES.has(info.verb) ? ofWrite(info, sizes) : ONE_SEAT;
}

function ofList(info: RequestInfo, { stored, seatsMax, bySize }: Sizes): WorkEstimate {
  const { verb, name, query } = info;
  if (verb === "watch" && query.get("sendInitialEvents") !== "true") return ONE_SEAT;
  const all = stored(info);
  if (all.objects === 0) return ONE_SEAT;
  const fromCache = verb === "watch" || isFromCache(query);
  const seats = bySize
    ? seatsBySize(all, name === "" ? heldAtOnce(query, all.objects, fromCache) : 1, fromCache)
    : Math.ceil((name === "" ? touched(query, all.objects, fromCache) : 1) / OBJECTS_PER_SEAT);
  const most = Math.min(seatsMax, bySize ? SIZED_SEATS_MAX : SEATS_MAX);
  return seats <= 1 ? ONE_SEAT : { ...ONE_SEAT, initialSeats: Math.min(seats, most) };
}

function seatsBySize({ objects, bytes }: Stored, held: number, fromCache: boolean): number {
  const heldBytes = (held * bytes) / objects;
  return Math.ceil((fromCache ? Math.min(heldBytes, CACHED_BYTES_MAX) : heldBytes) / BYTES_PER_SEAT);
}

/** Objects that are in memory for the request, all at the same time. */
function heldAtOnce(query: URLSearchParams, stored: number, fromCache: boolean): number {
  const page = pageOf(query, stored);
  // Those that a selector leaves out are read first.
  return !fromCache && isSelective(query) ? Math.max(page, Math.floor(stored / 2)) : page;
}

/** Objects that are looked at. */
function touched(query: URLSearchParams, stored: number, fromCache: boolean): number {
  if (fromCache) return stored;
  const page = pageOf(query, stored);
  return isSelective(query) ? stored + page : 2 * page;
}

const isSelective = (query: URLSearchParams): boolean =>
  Boolean(query.get("labelSelector") || query.get("fieldSelector"));

function pageOf(query: URLSearchParams, stored: number): number {
  const limit = Number(query.get("limit") ?? 0);
  return limit > 0 && limit < stored ? limit : stored;
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
  const finalSeats = Math.min(wanted, seatsMax, SEATS_MAX);
  return { initialSeats: 1, finalSeats, additionalMs: (wanted * EVENT_MS) / finalSeats };
}
