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

  observe(value: number): void {
    const { bounds } = this;
    let index = 0;
    while (index < bounds.length && value > bounds[index]!) index++;
    this.counts[index]!++;
    this.sum += value;
  }
}
