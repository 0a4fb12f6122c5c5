import { Registry } from "prom-client";
import type { RequestInfo } from "./contracts.ts";
import { Histogram } from "./instruments/histogram.ts";
import { type Labels, type Sample, register } from "./instruments/instrument.ts";
import {
  byCode,
  deprecated,
  histograms,
  numbers,
  type Samples,
  sliOf,
} from "./instruments/request-samples.ts";
import { knownVerb, newSeries, scopeOf, type Series, withoutWait } from "./instruments/request-series.ts";
import { textOf } from "./instruments/stability.ts";
import { registerStorage } from "./instruments/storage-metrics.ts";
import type { InFlight } from "./request/in-flight.ts";
import type { ResourceSet, ServedKind } from "./resource-set.ts";
import { AdmissionMetrics } from "./rest/admission-metrics.ts";

/** Clients choose the names of subresources, also of those that do not exist: beyond so many they count together. */
const SERIES_MAX = 5_000;

const EVENT_BYTES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

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
    registerStorage(this.registry, kinds);
    register(this.registry, {
      name: "apiserver_requested_deprecated_apis",
      help: "Kinds that are on their way out and have been asked for.",
      type: "gauge",
      samples: () => deprecated(this.#series.values(), kinds),
    });
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
    series = newSeries(info, { dryRun, subresource });
    this.#series.set(key, series);
    return series;
  }
}
