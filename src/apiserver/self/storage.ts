/** How large the store is. */
import type { Registry } from "prom-client";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Store } from "#store/store";
import { register, type Sample } from "../instruments/instrument.ts";

const log = logger("apiserver");

/** A store that says nothing must not keep everything else from being shown. */
const ANSWER_MS_MAX = 2_000;

export function showStorage(registry: Registry, store: Pick<Store, "sizeBytes">, clock: Clock): void {
  register(registry, {
    name: "apiserver_storage_size_bytes",
    help: "Bytes that the store takes on its disk.",
    type: "gauge",
    samples: () => sizeOf(store, clock),
  });
}

async function sizeOf(store: Pick<Store, "sizeBytes">, clock: Clock): Promise<Sample[]> {
  const late = new AbortController();
  const cancel = clock.after(ANSWER_MS_MAX, () => late.abort(new Error("the store does not answer")));
  try {
    const value = await store.sizeBytes({ signal: late.signal });
    return value === undefined ? [] : [{ labels: { storage_cluster_id: "etcd-0" }, value }];
  } catch (error) {
    log.debug("size of the store not read", { error });
    return [];
  } finally {
    cancel();
  }
}
