/** The addresses of all API servers on one store, as each keeps its own alive by a lease. */
import { type Clock, sleep } from "#base/clock";
import { attempt } from "#base/attempt";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { LeaseNotFound, type Store, prefixEnd } from "#store/store";
import type { Advertised } from "./bootstrap.ts";
import { nameOf, ROOT } from "./storage/keys.ts";

const log = logger("apiserver.addresses");

const PREFIX = `${ROOT}masterleases/`;
/** The address of a server that has gone is nobody's after this. */
const TTL_SECONDS = 15;
const RENEW_MS = 5_000;
const RETRY_MS = 500;

export interface ServerAddressesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Makes these the addresses of the service `kubernetes`. */
  readonly publish: (addresses: readonly string[]) => Promise<void>;
}

/** Keeps this server's address among the others', and the service `kubernetes` true, until the scope closes. */
export async function keepAddresses(
  options: ServerAddressesOptions,
  where: Advertised,
  scope: Scope,
): Promise<void> {
  const { store, clock, publish } = options;
  let lease = await claim(store, where);
  await publish(await addressesIn(store));
  scope.run(async (signal) => {
    for (;;) {
      await sleep(clock, RENEW_MS, { signal });
      try {
        await store.renewLease(lease);
      } catch (error) {
        if (error instanceof LeaseNotFound) lease = await claim(store, where).catch(() => lease);
        else log.warn("address not renewed", { address: where.address, error });
      }
    }
  });
  scope.run((signal) => follow(options, signal));
  scope.defer(() => attempt(() => store.revokeLease(lease)));
}

async function claim(store: Store, { address, port }: Advertised): Promise<number> {
  const lease = await store.grantLease(TTL_SECONDS);
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const body = { kind: "Endpoints", apiVersion: "v1", subsets: [{ addresses: [{ ip: address }], ports }] };
  const value = Buffer.from(JSON.stringify(body));
  await store.commit([], [{ type: "put", key: PREFIX + address, value, lease }]);
  return lease;
}

/** Those that are alive, in order. */
async function addressesIn(store: Store): Promise<readonly string[]> {
  const { entries } = await store.range(PREFIX, prefixEnd(PREFIX), { keysOnly: true });
  return entries.map(({ key }) => nameOf(key));
}

/** Every server publishes every change: any of them may be the last one left. */
async function follow({ store, clock, publish }: ServerAddressesOptions, signal: AbortSignal): Promise<void> {
  let known = "";
  while (!signal.aborted) {
    const failure = await attempt(async () => {
      const afterRevision = await store.latest();
      const look = async () => {
        const addresses = await addressesIn(store);
        if (addresses.join() === known) return;
        await publish(addresses);
        known = addresses.join();
      };
      await look();
      for await (const { events } of store.watch(PREFIX, prefixEnd(PREFIX), { afterRevision, signal })) {
        if (events.length > 0) await look();
      }
    });
    if (signal.aborted) return;
    if (failure) log.warn("addresses of API servers not followed", { error: failure });
    await attempt(() => sleep(clock, RETRY_MS, { signal }));
  }
}
