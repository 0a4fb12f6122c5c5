import type { Pod } from "#api/core-v1/pod";
import type { Taint } from "#api/core-v1/taint";
import { parseTime } from "#machinery/time";

interface Seen {
  readonly uid: string;
  /** Since when, in epoch milliseconds, by taint. */
  readonly since: ReadonlyMap<string, number>;
}

/** Since when pods have stood a taint: what the taint says, or else when it was seen first. */
export class TaintTimes {
  readonly #seen = new Map<string, Seen>();

  /** Of a pod, by its key, under the taints that its node has now. */
  of(key: string, { metadata: { uid } }: Pick<Pod, "metadata">, taints: readonly Taint[], nowMs: number) {
    const before = this.#seen.get(key);
    const known = before?.uid === uid ? before.since : undefined;
    const since = new Map(
      taints.map((taint) => {
        const seen = known?.get(nameOf(taint)) ?? nowMs;
        return [nameOf(taint), taint.timeAdded ? parseTime(taint.timeAdded) : seen];
      }),
    );
    if (since.size === 0) this.#seen.delete(key);
    else this.#seen.set(key, { uid, since });
    return (taint: Taint): number => since.get(nameOf(taint)) ?? nowMs;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}

const nameOf = ({ key, value = "", effect }: Taint): string => `${key}=${value}:${effect}`;
