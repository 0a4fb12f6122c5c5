import type { RequestInfo } from "../contracts.ts";

/** Watches that are open over the network, by what they watch. Those in process cost next to nothing. */
export class WatchCounts {
  readonly #counts = new Map<string, number>();

  /** Counts it until the answer is called. */
  opened(info: RequestInfo): () => void {
    const key = keyOf(info, info.namespace, info.name);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      const left = this.#counts.get(key)! - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  }

  /** How many hear of a change of this object, and perhaps do not look away by their selectors. */
  interestedIn(info: RequestInfo): number {
    if (this.#counts.size === 0) return 0;
    const { namespace, name } = info;
    let count = this.#of(info, "", "");
    if (namespace !== "") count += this.#of(info, namespace, "");
    if (name !== "")
      count += this.#of(info, namespace, name) + (namespace === "" ? 0 : this.#of(info, "", name));
    return count;
  }

  #of(info: RequestInfo, namespace: string, name: string): number {
    return this.#counts.get(keyOf(info, namespace, name)) ?? 0;
  }
}

const keyOf = ({ group, resource }: RequestInfo, namespace: string, name: string): string =>
  `${group}/${resource}/${namespace}/${name}`;
