import { Registry } from "prom-client";
import type { RequestInfo } from "./contracts.ts";
import { Histogram } from "./instruments/histogram.ts";
import { type Labels, type Sample, register } from "./instruments/instrument.ts";
import type { InFlight } from "./request/in-flight.ts";
import type { ResourceSet, ServedKind } from "./resource-set.ts";
import { AdmissionMetrics } from "./rest/admission-metrics.ts";

/** Clients choose the names of subresources, also of those that do not exist: beyond so many they count together. */
const SERIES_MAX = 5_000;

const SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const ANSWER_BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const EVENT_BYTES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

const COMPONENT = "apiserver";

/** Of one verb on one kind; the answers by their code. */
interface Series {
  readonly labels: Labels;
  readonly codes: Map<number, number>;
  /** Requests that were ended before they were answered, or turned away. */
  readonly terminated: Map<number, number>;
  readonly duration: Histogram | undefined;
  readonly bytes: Histogram | undefined;
  longRunning: number;
}

/** What was sent to the watches of one kind. */
export interface WatchTraffic {
  readonly labels: Labels;
  events: number;
  readonly sizes: Histogram;
}

/** Counts of what the server does, as Prometheus reads them. Counting costs a look into a map and a few additions. */
export class RequestMetrics {
  readonly registry = new Registry();
  readonly admission = new AdmissionMetrics();
  readonly #series = new Map<string, Series>();
  /** By group, version and name: kinds of definitions are made anew with every change. */
  readonly #traffic = new Map<string, WatchTraffic>();

  constructor() {
    const add = (type: "counter" | "gauge" | "histogram", name: string, help: string, of: Samples) =>
      register(this.registry, {
        type,
        name: `apiserver_${name}`,
        help,
        samples: () => of(this.#series.values()),
      });
    add(
      "counter",
      "request_total",
      "Requests by verb, kind and answer.",
      byCode(({ codes }) => codes),
    );
    add(
      "counter",
      "request_terminations_total",
      "Requests that the server ended or turned away to protect itself.",
      byCode(({ terminated }) => terminated),
    );
    add(
      "histogram",
      "request_duration_seconds",
      "Seconds until a request was answered; those that last as long as their client likes are left out.",
      histograms(({ duration }) => duration),
    );
    add(
      "histogram",
      "response_sizes",
      "Bytes of answers to reads.",
      histograms(({ bytes }) => bytes, "dry_run"),
    );
    add("gauge", "longrunning_requests", "Watches and connections that are open now.", longRunning);
    this.#registerWatches();
    this.admission.register(this.registry);
  }

  /** `bytes`: of the answer's body. */
  finished(info: RequestInfo, code: number, tookMs: number, bytes = 0): void {
    const series = this.#seriesOf(info);
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    series.duration?.observe(tookMs / 1000);
    series.bytes?.observe(bytes);
  }

  /** Ended before it was answered, or turned away. */
  terminated(info: RequestInfo, code: number): void {
    const { terminated } = this.#seriesOf(info);
    terminated.set(code, (terminated.get(code) ?? 0) + 1);
  }

  /** Counts it as open until the answer is called. */
  opened(info: RequestInfo): () => void {
    const series = this.#seriesOf(info);
    series.longRunning++;
    return () => void series.longRunning--;
  }

  trafficOf({ resource: { group, version, plural } }: Pick<ServedKind, "resource">): WatchTraffic {
    const key = `${group}/${version}/${plural}`;
    let traffic = this.#traffic.get(key);
    if (!traffic) {
      const labels = { group, version, resource: plural };
      traffic = { labels, events: 0, sizes: new Histogram(EVENT_BYTES) };
      this.#traffic.set(key, traffic);
    }
    return traffic;
  }

  /** Shows what is served now. */
  watchInFlight(inFlight: InFlight): void {
    register(this.registry, {
      name: "apiserver_current_inflight_requests",
      help: "Most requests that were served at once since this was last read.",
      type: "gauge",
      samples: () =>
        Object.entries(inFlight.takeMost()).map(([kind, value]) => ({
          labels: { request_kind: kind },
          value,
        })),
    });
  }

  /** Shows how many objects are stored. */
  watchStorage(kinds: ResourceSet): void {
    const each = function* (labels: (kind: ServedKind) => Labels): Generator<Sample> {
      const seen = new Set<object>();
      for (const kind of kinds) {
        const { storage } = kind;
        if (!storage || seen.has(storage.cache)) continue;
        seen.add(storage.cache);
        yield { labels: labels(kind), value: storage.cache.size };
      }
    };
    register(this.registry, {
      name: "apiserver_storage_objects",
      help: "Stored objects by resource.",
      type: "gauge",
      samples: () =>
        each(({ groupResource: { group, plural } }) => ({
          resource: group === "" ? plural : `${plural}.${group}`,
        })),
    });
    register(this.registry, {
      name: "apiserver_resource_objects",
      help: "Stored objects by group and resource.",
      type: "gauge",
      samples: () => each(({ groupResource: { group, plural } }) => ({ group, resource: plural })),
    });
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  #registerWatches(): void {
    const each = (value: (traffic: WatchTraffic) => number | Histogram) => {
      const traffic = this.#traffic;
      return function* (): Generator<Sample> {
        for (const one of traffic.values()) yield { labels: one.labels, value: value(one) };
      };
    };
    register(this.registry, {
      name: "apiserver_watch_events_total",
      help: "Events sent to watches over the network.",
      type: "counter",
      samples: each(({ events }) => events),
    });
    register(this.registry, {
      name: "apiserver_watch_events_sizes",
      help: "Bytes of events sent to watches over the network.",
      type: "histogram",
      samples: each(({ sizes }) => sizes),
    });
  }

  #seriesOf(info: RequestInfo): Series {
    const { group, version, resource, query } = info;
    const verb = knownVerb(info);
    const scope = scopeOf(info);
    const dryRun = query.size > 0 && query.get("dryRun") === "All" ? "All" : "";
    const keyWith = (subresource: string) =>
      `${verb} ${group}/${version}/${resource}/${subresource} ${scope} ${dryRun}`;
    let key = keyWith(info.subresource);
    let series = this.#series.get(key);
    if (series) return series;
    const subresource = this.#series.size < SERIES_MAX ? info.subresource : "other";
    key = keyWith(subresource);
    series = this.#series.get(key);
    if (series) return series;
    const labels = {
      verb: wireVerb(info, verb),
      dry_run: dryRun,
      group,
      version,
      resource,
      subresource,
      scope,
      component: COMPONENT,
    };
    const lasts = verb === "watch";
    series = {
      labels,
      codes: new Map(),
      terminated: new Map(),
      duration: lasts ? undefined : new Histogram(SECONDS),
      bytes: verb === "get" || verb === "list" ? new Histogram(ANSWER_BYTES) : undefined,
      longRunning: 0,
    };
    this.#series.set(key, series);
    return series;
  }
}

type Samples = (series: Iterable<Series>) => Iterable<Sample>;

const byCode = (codesOf: (series: Series) => ReadonlyMap<number, number>): Samples =>
  function* (all) {
    for (const series of all)
      for (const [code, value] of codesOf(series)) yield { labels: { ...series.labels, code }, value };
  };

const histograms = (histogramOf: (series: Series) => Histogram | undefined, without = ""): Samples =>
  function* (all) {
    for (const series of all) {
      const value = histogramOf(series);
      if (value) yield { labels: omit(series.labels, without), value };
    }
  };

const longRunning: Samples = function* (all) {
  for (const { labels, longRunning: value } of all)
    if (value > 0) yield { labels: omit(labels, "dry_run"), value };
};

const omit = (labels: Labels, name: string): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key !== name));

const WIRE_VERBS: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };

const METHODS = new Set(["connect", "delete", "get", "head", "options", "patch", "post", "put", "trace"]);

/** Clients of HTTP/2 may make methods up. */
const knownVerb = ({ isResource, verb }: RequestInfo): string =>
  isResource || METHODS.has(verb) ? verb : "other";

/** Verbs as dashboards know them: those of HTTP, and what HTTP does not tell apart. */
const wireVerb = ({ isResource }: RequestInfo, verb: string): string =>
  verb === "other" ? verb : (isResource && WIRE_VERBS[verb]) || verb.toUpperCase();

/** Paths that are about no kind count together: their number is not ours to bound. */
function scopeOf({ isResource, verb, name, namespace }: RequestInfo): string {
  if (!isResource) return "";
  return name !== "" || verb === "create" ? "resource" : namespace !== "" ? "namespace" : "cluster";
}
