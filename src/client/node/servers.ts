/** API servers that stand in for each other. One is used until it fails, then the next. */
export class Servers {
  readonly #urls: readonly URL[];
  #current = 0;

  constructor(urls: readonly string[]) {
    if (urls.length === 0) throw new RangeError("no API server is named");
    this.#urls = urls.map((url) => new URL(url));
  }

  get count(): number {
    return this.#urls.length;
  }

  get current(): URL {
    return this.#urls[this.#current]!;
  }

  /** Goes on to the next, unless somebody else already did. */
  failed(url: URL): void {
    if (url === this.current) this.#current = (this.#current + 1) % this.#urls.length;
  }
}
