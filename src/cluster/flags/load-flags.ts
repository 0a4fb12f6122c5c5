/** How much is served at once, and for how long: the flags of the API server, and what they mean to it. */
import type { Limits } from "#apiserver/limits";
import { parseDuration } from "#machinery/time";
import { type Flag, parsed, toggle, wholeNumber } from "./flag.ts";

const time = (help: string): Flag<number> => parsed({ value: "DURATION", help }, timeMs);

function timeMs(given: string): number {
  const ms = parseDuration(given);
  if (ms < 0) throw new Error("it is a time, such as 30s");
  return ms;
}

const seats = (help: string): Flag<number> =>
  parsed({ value: "N", help }, (given) => {
    const count = wholeNumber({ help }).parse([given]);
    if (count === 0) throw new Error("it is at least 1");
    return count;
  });

export const loadFlags = {
  "max-requests-inflight": seats("requests that read and are served at once, by default 400"),
  "max-mutating-requests-inflight": seats(
    "requests that change something and are served at once, by default 200; with priority and fairness the sum of both counts",
  ),
  "enable-priority-and-fairness": toggle({
    help: "share what is served at once out by FlowSchemas and PriorityLevelConfigurations, by default on",
  }),
  "request-timeout": time("longest time of a request that is no watch, by default 1m"),
  "min-request-timeout": wholeNumber({
    value: "SECONDS",
    help: "shortest time of a watch that names none, by default 1800",
  }),
  "shutdown-delay-duration": time("how long a server that closes says so before it turns requests away"),
} as const;

type Given = { readonly [Name in keyof typeof loadFlags]?: ReturnType<(typeof loadFlags)[Name]["parse"]> };

/** What differs from the default. */
export function loadLimits(flags: Given): Partial<Limits> {
  const {
    "max-requests-inflight": requestsInFlightMax,
    "max-mutating-requests-inflight": mutatingRequestsInFlightMax,
    "request-timeout": requestMs,
    "min-request-timeout": watchSeconds,
    "shutdown-delay-duration": shutdownDelayMs,
  } = flags;
  return {
    ...(requestsInFlightMax === undefined ? {} : { requestsInFlightMax }),
    ...(mutatingRequestsInFlightMax === undefined ? {} : { mutatingRequestsInFlightMax }),
    ...(requestMs === undefined ? {} : { requestMs }),
    ...(watchSeconds === undefined ? {} : { watchTimeoutMs: watchSeconds * 1000 }),
    ...(shutdownDelayMs === undefined ? {} : { shutdownDelayMs }),
  };
}
