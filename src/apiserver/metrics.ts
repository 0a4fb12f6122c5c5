import { Registry } from "prom-client";
import type { RequestInfo } from "./contracts.ts";
import { Histogram } from "./instruments/histogram.ts";
import { type Labels, type Sample, register } from "./instruments/instrument.ts";
import { textOf } from "./instruments/stability.ts";
import type { InFlight } from "./request/in-flight.ts";
import type { ResourceSet, ServedKind } from "./resource-set.ts";
import { AdmissionMetrics } from "./rest/admission-metrics.ts";
import type { KindCache } from "./watch/kind-cache.ts";

/** Clients choose the names of subresources, also of those that do not exist: beyond so many they count together. */
const SERIES_MAX = 5_000;

const SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
/** Of what a request has taken without waiting for its turn: fewer, and all of them are bounds above. */
const SLI_SECONDS = SECONDS.filter((bound) => bound >= 0.05);
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
  /** What is to be added to the duration to have it without waits. Few requests wait: most cost nothing here. */
  unwaited: Histogram | undefined;
  /** Requests whose answers broke off. */
  aborted: number;
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
    add(
      "histogram",
      "request_sli_duration_seconds",
      "Seconds until a request was answered, without those that it waited for its turn or for webhooks.",
      histograms(sliOf, "dry_run"),
    );
    add(
      "counter",
      "request_aborts_total",
      "Requests whose answers broke off because their time was over.",
      numbers(({ aborted }) => aborted),
    );
    add(
      "gauge",
      "longrunning_requests",
      "Watches and connections that are open now.",
      numbers(({ longRunning }) => longRunning),
    );
    this.#registerWatches();
    this.admission.register(this.registry);
  }

  /** `bytes`: of the answer's body. `waitedMs`: how much of its time it has waited for its turn and for webhooks. */
  finished(info: RequestInfo, code: number, tookMs: number, bytes = 0, waitedMs = 0): void {
    const series = this.#seriesOf(info);
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    series.duration?.observe(tookMs / 1000);
    series.bytes?.observe(bytes);
    if (waitedMs > 0 && series.duration) withoutWait(series, tookMs, waitedMs);
  }

  /** Its time was over after its answer had begun. */
  aborted(info: RequestInfo): void {
    this.#seriesOf(info).aborted++;
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

  /** Shows how many objects are stored, how far the caches have come, and who asks for what is on its way out. */
  watchStorage(kinds: ResourceSet): void {
    const each = function* (
      labels: (kind: ServedKind) => Labels,
      value: (cache: KindCache) => number,
    ): Generator<Sample> {
      const seen = new Set<object>();
      for (const kind of kinds) {
        const { storage } = kind;
        if (!storage || seen.has(storage.cache)) continue;
        seen.add(storage.cache);
        yield { labels: labels(kind), value: value(storage.cache) };
      }
    };
    const gauge = (name: string, help: string, samples: () => Iterable<Sample>) =>
      register(this.registry, { name: `apiserver_${name}`, help, type: "gauge", samples });
    const ofKind = ({ groupResource: { group, plural } }: ServedKind) => ({ group, resource: plural });
    const size = ({ size: objects }: KindCache) => objects;
    gauge("storage_objects", "Stored objects by resource.", () =>
      each(
        ({ groupResource: { group, plural } }) => ({
          resource: group === "" ? plural : `${plural}.${group}`,
        }),
        size,
      ),
    );
    gauge("resource_objects", "Stored objects by group and resource.", () => each(ofKind, size));
    gauge("watch_cache_resource_version", "Revision of the last change that each cache has seen.", () =>
      each(ofKind, ({ changedAt }) => changedAt),
    );
    gauge("watch_cache_capacity", "Past changes that each cache keeps at most.", () =>
      each(ofKind, ({ eventsMax }) => eventsMax),
    );
    register(this.registry, {
      name: "apiserver_watch_cache_events_received_total",
      help: "Changes that each cache has seen.",
      type: "counter",
      samples: () => each(ofKind, ({ eventsSeen }) => eventsSeen),
    });
    gauge("requested_deprecated_apis", "Kinds that are on their way out and have been asked for.", () =>
      deprecated(this.#series.values(), kinds),
    );
  }

  text(): Promise<string> {
    return textOf(this.registry);
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
      unwaited: undefined,
      aborted: 0,
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
    const sums = new Sums();
    for (const series of all) {
      const value = histogramOf(series);
      if (!value) continue;
      if (without === "") yield { labels: series.labels, value };
      else sums.add(omit(series.labels, without), value);
    }
    yield* sums;
  };

/** Without those that are zero. */
const numbers = (numberOf: (series: Series) => number): Samples =>
  function* (all) {
    const sums = new Sums();
    for (const series of all) {
      const value = numberOf(series);
      if (value > 0) sums.add(omit(series.labels, "dry_run"), value);
    }
    yield* sums;
  };

/** Samples of which those with the same labels become one: readers refuse a text that has two. */
class Sums implements Iterable<Sample> {
  readonly #byLabels = new Map<string, Sample>();

  add(labels: Labels, value: number | Histogram): void {
    const key = Object.values(labels).join("\n");
    const known = this.#byLabels.get(key);
    this.#byLabels.set(key, { labels, value: known ? sum(known.value, value) : value });
  }

  [Symbol.iterator](): Iterator<Sample> {
    return this.#byLabels.values();
  }
}

function sum(one: number | Histogram, other: number | Histogram): number | Histogram {
  if (typeof one === "number" || typeof other === "number") return Number(one) + Number(other);
  const both = new Histogram(one.bounds);
  for (const { counts, sum: total } of [one, other]) {
    for (const [index, count] of counts.entries()) both.counts[index]! += count;
    both.sum += total;
  }
  return both;
}

/** Takes the time with its wait out, and puts the time without it in. */
function withoutWait(series: Series, tookMs: number, waitedMs: number): void {
  series.unwaited ??= new Histogram(SECONDS);
  series.unwaited.observe(tookMs / 1000, -1);
  series.unwaited.observe((tookMs - waitedMs) / 1000);
}

/** The duration without waits, in the buckets that service levels are kept by. */
function sliOf({ duration, unwaited }: Series): Histogram | undefined {
  if (!duration) return undefined;
  const exact = unwaited ? (sum(duration, unwaited) as Histogram) : duration;
  const first = SECONDS.length - SLI_SECONDS.length;
  const sli = new Histogram(SLI_SECONDS);
  for (const [index, count] of exact.counts.entries()) sli.counts[Math.max(0, index - first)]! += count;
  sli.sum = exact.sum;
  return sli;
}

function* deprecated(all: Iterable<Series>, kinds: ResourceSet): Generator<Sample> {
  const shown = new Set<string>();
  for (const { labels, codes } of all) {
    const { group, version, resource, subresource } = labels as Readonly<Record<string, string>>;
    const key = [group, version, resource, subresource].join("/");
    const kind = kinds.find(group!, version!, resource!);
    if (codes.size === 0 || shown.has(key) || kind?.warning === undefined) continue;
    shown.add(key);
    yield {
      labels: {
        group: group!,
        version: version!,
        resource: resource!,
        subresource: subresource!,
        removed_release: "",
      },
      value: 1,
    };
  }
}

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
