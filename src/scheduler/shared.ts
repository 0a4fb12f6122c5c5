/** Distinct values remembered; then sharing starts over. */
const SHARED_MAX = 10_000;

/** One of all values with the same text, so that many objects with equal parts hold them once. */
export class Shared<T> {
  readonly #known = new Map<string, T>();

  /** The value that was given first with this text. */
  of(text: string, value: T): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= SHARED_MAX) this.#known.clear();
    this.#known.set(text, value);
    return value;
  }
}
