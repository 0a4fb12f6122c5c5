import type { PathHandler } from "./handlers.ts";

/** Who serves which path. */
export class PathTable {
  readonly #exact = new Map<string, PathHandler>();
  readonly #prefixes: (readonly [string, PathHandler])[] = [];

  /** A path that ends in `/` stands for all below it. */
  add(path: string, handler: PathHandler): void {
    this.#exact.set(path, handler);
    if (!path.endsWith("/") || path === "/") return;
    this.#prefixes.push([path, handler]);
    this.#prefixes.sort(([a], [b]) => b.length - a.length);
  }

  readonly find = (path: string): PathHandler | undefined =>
    this.#exact.get(path) ?? this.#prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];

  /** All paths, as `/` lists them. */
  list(): string[] {
    return [...this.#exact.keys()].filter((path) => path !== "/" && !path.endsWith("/")).sort();
  }
}
