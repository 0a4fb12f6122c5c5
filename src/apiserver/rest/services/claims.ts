/** Who has what: addresses or ports, and the services that have them. Nobody should share, but stored objects may. */
export class Claims<K> {
  readonly #owners = new Map<K, readonly string[]>();

  has(what: K): boolean {
    return this.#owners.has(what);
  }

  /** The service that has had it for longest. */
  owner(what: K): string | undefined {
    return this.#owners.get(what)?.[0];
  }

  all(): IterableIterator<[K, readonly string[]]> {
    return this.#owners.entries();
  }

  add(what: K, owner: string): void {
    this.#owners.set(what, [...(this.#owners.get(what) ?? []), owner]);
  }

  remove(what: K, owner: string): void {
    const left = (this.#owners.get(what) ?? []).filter((other) => other !== owner);
    if (left.length > 0) this.#owners.set(what, left);
    else this.#owners.delete(what);
  }
}
