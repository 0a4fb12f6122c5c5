/** Counts of values by buckets. Observing is a few comparisons and an addition; text is made when it is asked for. */
export class Histogram {
  readonly bounds: readonly number[];
  /** By bucket, not cumulated; the last one is for all beyond the bounds. */
  readonly counts: Float64Array;
  sum = 0;

  /** `bounds`: upper ones, ascending; shared between histograms. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** `times`: as if it were observed so often. */
  observe(value: number, times = 1): void {
    const { bounds } = this;
    let index = 0;
    while (index < bounds.length && value > bounds[index]!) index++;
    this.counts[index]! += times;
    this.sum += value * times;
  }
}
