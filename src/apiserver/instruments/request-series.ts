import type { RequestInfo } from "../contracts.ts";
import { Histogram } from "./histogram.ts";
import type { Labels } from "./instrument.ts";

/** Of durations. */
export const SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const ANSWER_BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const COMPONENT = "apiserver";

/** Of one verb on one kind; the answers by their code. */
export interface Series {
  readonly labels: Labels;
  readonly codes: Map<number, number>;
  /** Requests that were ended before they were answered, or turned away. */
  readonly terminated: Map<number, number>;
  readonly duration: Histogram | undefined;
  /** What is to be added to the duration to have it without waits. Few requests wait: most cost nothing here. */
  unwaited: Histogram | undefined;
  /** Requests whose answers broke off. */
  aborted: number;
  readonly bytes: Histogram | undefined;
  longRunning: number;
}

/** Of a request like this, where nothing was counted yet. */
export function newSeries(
  info: RequestInfo,
  { dryRun, subresource }: { readonly dryRun: string; readonly subresource: string },
): Series {
  const { group, version, resource } = info;
  const verb = knownVerb(info);
  return {
    labels: {
      verb: wireVerb(info, verb),
      dry_run: dryRun,
      group,
      version,
      resource,
      subresource,
      scope: scopeOf(info),
      component: COMPONENT,
    },
    codes: new Map(),
    terminated: new Map(),
    unwaited: undefined,
    aborted: 0,
    duration: verb === "watch" ? undefined : new Histogram(SECONDS),
    bytes: verb === "get" || verb === "list" ? new Histogram(ANSWER_BYTES) : undefined,
    longRunning: 0,
  };
}

/** Takes the time with its wait out, and puts the time without it in. */
export function withoutWait(series: Series, tookMs: number, waitedMs: number): void {
  series.unwaited ??= new Histogram(SECONDS);
  series.unwaited.observe(tookMs / 1000, -1);
  series.unwaited.observe((tookMs - waitedMs) / 1000);
}

const WIRE_VERBS: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };

const METHODS = new Set(["connect", "delete", "get", "head", "options", "patch", "post", "put", "trace"]);

/** Clients of HTTP/2 may make methods up. */
export const knownVerb = ({ isResource, verb }: RequestInfo): string =>
  isResource || METHODS.has(verb) ? verb : "other";

/** Verbs as dashboards know them: those of HTTP, and what HTTP does not tell apart. */
const wireVerb = ({ isResource }: RequestInfo, verb: string): string =>
  verb === "other" ? verb : (isResource && WIRE_VERBS[verb]) || verb.toUpperCase();

/** Paths that are about no kind count together: their number is not ours to bound. */
export function scopeOf({ isResource, verb, name, namespace }: RequestInfo): string {
  if (!isResource) return "";
  return name !== "" || verb === "create" ? "resource" : namespace !== "" ? "namespace" : "cluster";
}
