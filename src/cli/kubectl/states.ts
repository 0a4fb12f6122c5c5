import { type Clock } from "#base/clock";
import { hasReason } from "#machinery/status";
import type { Cluster } from "./cluster.ts";
import type { ApiKind } from "./kinds.ts";
import type { AnyObject } from "./objects.ts";

/** One object of a cluster. */
export interface Target {
  readonly kind: ApiKind;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What an object is now, and again each time it changes; undefined while there is none. Ends only with the signal. */
export async function* states(
  cluster: Cluster,
  { kind, namespace, name }: Target,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<AnyObject | undefined> {
  const path = kind.path(namespace);
  const query = { fieldSelector: `metadata.name=${name}` };
  for (;;) {
    const list = (await cluster.request("GET", path, { query, signal })) as {
      readonly metadata: { readonly resourceVersion: string };
      readonly items?: readonly AnyObject[];
    };
    const [item] = list.items ?? [];
    yield item && { ...item, apiVersion: kind.apiVersion, kind: kind.kind };
    try {
      const from = { ...query, resourceVersion: list.metadata.resourceVersion };
      for await (const { type, object } of cluster.watch(path, { query: from, signal })) {
        if (type !== "BOOKMARK") yield type === "DELETED" ? undefined : object;
      }
    } catch (error) {
      // A watch that starts too far back starts again from the list.
      if (!hasReason(error, "Expired", "Gone")) throw error;
    }
  }
}

/** The time for something ran out. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** Runs the work with a signal that is aborted when the time is over; then it throws TimedOut. Zero: no limit. */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const cancel =
    timeoutMs > 0 ? clock.after(timeoutMs, () => late.abort(new TimedOut(message))) : () => undefined;
  try {
    return await work(late.signal);
  } finally {
    cancel();
  }
}

/** The first state that fits. */
export async function until(
  cluster: Cluster,
  target: Target,
  fits: (object: AnyObject | undefined) => boolean,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  for await (const object of states(cluster, target, { signal })) if (fits(object)) return;
}
