/** Which servers work on a store that several may share. */
import type { Lease } from "#api/coordination-v1/lease";
import { itemOf } from "#apiserver/storage/unreadable-value";
import { parseTime } from "#machinery/time";
import { type Entry, prefixEnd, type Store } from "#store/store";

/** API servers that are alive keep their addresses here, bound to leases of the store. */
export const SERVERS_PREFIX = "/registry/masterleases/";
/** Who works as controllers or scheduler renews one of these; who ends gives it back. */
const LEADERS = ["kube-controller-manager", "kube-scheduler"].map(
  (name) => `/registry/leases/kube-system/${name}`,
);

/** Of API servers, as they advertise them. */
export async function liveAddresses(store: Store): Promise<readonly string[]> {
  const { entries } = await store.range(SERVERS_PREFIX, prefixEnd(SERVERS_PREFIX), { keysOnly: true });
  return entries.map(({ key }) => key.slice(SERVERS_PREFIX.length));
}

/** What there is to be seen of them: addresses, and names of leaders. */
export async function liveServers(store: Store, nowMs: number): Promise<readonly string[]> {
  const leaders = await Promise.all(LEADERS.map(async (key) => (await store.get(key)).entry));
  return [
    ...(await liveAddresses(store)),
    ...leaders.flatMap((entry) => (entry && holderOf(entry, nowMs)) ?? []),
  ];
}

/** Undefined when the lease has run out, was given back or cannot be read: then the addresses are left to tell. */
function holderOf(entry: Entry, nowMs: number): string | undefined {
  try {
    const {
      holderIdentity,
      renewTime,
      leaseDurationSeconds = 0,
    } = (itemOf(entry).object as Lease).spec ?? {};
    const isFresh = renewTime !== undefined && parseTime(renewTime) + leaseDurationSeconds * 1000 > nowMs;
    return isFresh && holderIdentity ? holderIdentity : undefined;
  } catch {
    return undefined;
  }
}
