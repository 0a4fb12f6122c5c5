/** A peak is forgotten by half in five minutes, with one period every ten seconds. */
const SMOOTHING = 0.977;

/** How many seats a priority level could have used, over time: those in use and those that are waited for. */
export class SeatDemand {
  /** Highest of the last period. */
  highWatermark = 0;
  average = 0;
  deviation = 0;
  /** Follows a rise at once and a fall slowly. */
  smoothed = 0;
  #seats = 0;
  #sinceMs: number;
  #startMs: number;
  #sum = 0;
  #squares = 0;
  #max = 0;

  /** Times are monotonic milliseconds. */
  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
    this.#startMs = nowMs;
  }

  get current(): number {
    return this.#seats;
  }

  set(seats: number, nowMs: number): void {
    this.#integrate(nowMs);
    this.#seats = seats;
    if (seats > this.#max) this.#max = seats;
  }

  /** Ends a period and begins the next. */
  close(nowMs: number): void {
    this.#integrate(nowMs);
    const spanMs = nowMs - this.#startMs;
    this.highWatermark = this.#max;
    if (spanMs > 0) {
      this.average = this.#sum / spanMs;
      this.deviation = Math.sqrt(Math.max(0, this.#squares / spanMs - this.average ** 2));
      const envelope = this.average + this.deviation;
      this.smoothed = Math.max(envelope, SMOOTHING * this.smoothed + (1 - SMOOTHING) * envelope);
    }
    this.#startMs = nowMs;
    this.#sum = 0;
    this.#squares = 0;
    this.#max = this.#seats;
  }

  #integrate(nowMs: number): void {
    const spanMs = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    if (spanMs <= 0 || this.#seats === 0) return;
    const area = this.#seats * spanMs;
    this.#sum += area;
    this.#squares += area * this.#seats;
  }
}
