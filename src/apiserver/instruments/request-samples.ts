/** What is read from the series of requests. */
import type { ResourceSet } from "../resource-set.ts";
import { Histogram } from "./histogram.ts";
import type { Labels, Sample } from "./instrument.ts";
import { SECONDS, type Series } from "./request-series.ts";

/** Of what a request has taken without waiting for its turn: fewer, and each is a bound of all durations. */
const SLI_SECONDS = SECONDS.filter((bound) => bound >= 0.05);

export type Samples = (series: Iterable<Series>) => Iterable<Sample>;

export const byCode = (codesOf: (series: Series) => ReadonlyMap<number, number>): Samples =>
  function* (all) {
    for (const series of all)
      for (const [code, value] of codesOf(series)) yield { labels: { ...series.labels, code }, value };
  };

export const histograms = (histogramOf: (series: Series) => Histogram | undefined, without = ""): Samples =>
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
export const numbers = (numberOf: (series: Series) => number): Samples =>
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

/** The duration without waits, in the buckets that service levels are kept by. */
export function sliOf({ duration, unwaited }: Series): Histogram | undefined {
  if (!duration) return undefined;
  const exact = unwaited ? (sum(duration, unwaited) as Histogram) : duration;
  const first = SECONDS.length - SLI_SECONDS.length;
  const sli = new Histogram(SLI_SECONDS);
  for (const [index, count] of exact.counts.entries()) sli.counts[Math.max(0, index - first)]! += count;
  sli.sum = exact.sum;
  return sli;
}

/** A sample for each kind that was asked for and is on its way out. */
export function* deprecated(all: Iterable<Series>, kinds: ResourceSet): Generator<Sample> {
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
