import type { ObjectReference } from "#api/core-v1/reference";

/** Events that differ only in their message are combined from the tenth within ten minutes on. */
const SIMILAR_MAX = 10;
const SIMILAR_WINDOW_MS = 600_000;
/** One object gets this many events at once from one component, then one more every five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects and events remembered; the longest unused are forgotten. */
const REMEMBERED_MAX = 4_096;

const COMBINED = "(combined from similar events): ";

export interface Occurrence {
  readonly object: ObjectReference;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly action?: string;
}

/** What becomes of an occurrence: nothing, a new event, or one more of an event there is. */
export type Verdict =
  | { readonly do: "drop" }
  | { readonly do: "create"; readonly key: string; readonly message: string }
  | {
      readonly do: "count";
      readonly key: string;
      readonly message: string;
      readonly count: number;
      readonly name: string;
    };

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

interface Known {
  count: number;
  /** Empty until the server has it. */
  name: string;
}

/** Keeps events few: counts repetitions, combines similar ones and holds back floods. */
export class EventCorrelator {
  readonly #similar = new Recent<Similar>(REMEMBERED_MAX);
  readonly #buckets = new Recent<Bucket>(REMEMBERED_MAX);
  readonly #known = new Recent<Known>(REMEMBERED_MAX);

  judge(occurrence: Occurrence, nowMs: number): Verdict {
    const { key, message } = this.#combine(occurrence, nowMs);
    const known = this.#known.get(key);
    if (!this.#allows(occurrence.object, nowMs)) return { do: "drop" };
    if (!known || known.name === "") {
      this.#known.set(key, { count: 1, name: "" });
      return { do: "create", key, message };
    }
    known.count++;
    return { do: "count", key, message, count: known.count, name: known.name };
  }

  created(key: string, name: string): void {
    const known = this.#known.get(key);
    if (known) known.name = name;
  }

  /** The server does not have it any more. */
  lost(key: string): void {
    this.#known.delete(key);
  }

  #combine({ object, type, reason, message, action = "" }: Occurrence, nowMs: number) {
    const group = [keyOfObject(object), type, reason, action].join("|");
    let similar = this.#similar.get(group);
    if (!similar || nowMs - similar.lastMs > SIMILAR_WINDOW_MS)
      similar = { messages: new Set(), lastMs: nowMs };
    this.#similar.set(group, similar);
    similar.lastMs = nowMs;
    if (similar.messages.size < SIMILAR_MAX) similar.messages.add(message);
    if (similar.messages.size < SIMILAR_MAX) return { key: `${group}|${message}`, message };
    return { key: group, message: `${COMBINED}${message}` };
  }

  #allows(object: ObjectReference, nowMs: number): boolean {
    const key = keyOfObject(object);
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, filledMs: nowMs };
    const refill = (nowMs - bucket.filledMs) / REFILL_MS;
    bucket.tokens = Math.min(BURST, bucket.tokens + refill);
    bucket.filledMs = nowMs;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

const keyOfObject = ({ kind, namespace, name, uid, apiVersion, fieldPath }: ObjectReference): string =>
  [kind, namespace, name, uid, apiVersion, fieldPath].join("|");

/** A map that forgets what has not been used for longest. */
class Recent<V> {
  readonly #entries = new Map<string, V>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value!);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
