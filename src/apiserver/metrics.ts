import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { RequestInfo } from "./contracts.ts";
import type { ServedKind } from "./resource-set.ts";

/** Clients choose the names of subresources, also of those that do not exist: beyond so many they count together. */
const SERIES_MAX = 5_000;

const DURATION_BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

interface Series {
  readonly count: { inc(): void };
  readonly duration: { observe(seconds: number): void } | undefined;
}

/** Counts of what the server does, as Prometheus reads them. */
export class RequestMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter<"verb" | "group" | "version" | "resource" | "subresource" | "scope" | "code">;
  readonly #durations: Histogram<"verb" | "group" | "version" | "resource" | "subresource" | "scope">;
  readonly #watches: Gauge<"group" | "version" | "kind">;

  /** Looked up by a text: finding a series by its labels costs more than counting. */
  readonly #series = new Map<string, Series>();

  constructor() {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: "apiserver_request_total",
      help: "Requests by verb, kind and answer.",
      labelNames: ["verb", "group", "version", "resource", "subresource", "scope", "code"],
      registers,
    });
    this.#durations = new Histogram({
      name: "apiserver_request_duration_seconds",
      help: "Seconds until a request was answered; watches are left out.",
      labelNames: ["verb", "group", "version", "resource", "subresource", "scope"],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#watches = new Gauge({
      name: "apiserver_longrunning_requests",
      help: "Watches that are open now.",
      labelNames: ["group", "version", "kind"],
      registers,
    });
  }

  finished(info: RequestInfo, code: number, tookMs: number): void {
    const { verb, group, version, resource } = info;
    const scope = scopeOf(info);
    const keyWith = (subresource: string) =>
      `${verb} ${group}/${version}/${resource}/${subresource} ${scope} ${code}`;
    const isKnown = this.#series.size < SERIES_MAX || this.#series.has(keyWith(info.subresource));
    const subresource = isKnown ? info.subresource : "other";
    const key = keyWith(subresource);
    let series = this.#series.get(key);
    if (!series) {
      const labels = { verb: verb.toUpperCase(), group, version, resource, subresource, scope };
      const count = this.#requests.labels({ ...labels, code });
      series = { count, duration: verb === "watch" ? undefined : this.#durations.labels(labels) };
      this.#series.set(key, series);
    }
    series.count.inc();
    series.duration?.observe(tookMs / 1000);
  }

  watchStarted({ resource: { group, version, kind } }: ServedKind): void {
    this.#watches.inc({ group, version, kind });
  }

  watchEnded({ resource: { group, version, kind } }: ServedKind): void {
    this.#watches.dec({ group, version, kind });
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Paths that are about no kind count together: their number is not ours to bound. */
function scopeOf({ isResource, name, namespace }: RequestInfo): string {
  if (!isResource) return "";
  return name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster";
}
