/** Says of ranges of service addresses that they are ready, and keeps them as long as addresses are theirs alone. */
import { IPAddress, isServiceAddress } from "#api/networking-v1/ipaddress";
import {
  READY,
  SERVICE_CIDR_FINALIZER,
  ServiceCIDR,
  isReadyServiceCidr,
} from "#api/networking-v1/servicecidr";
import { cidrHas, cidrsOverlap } from "#base/ip";
import { keyOf } from "#client/address";
import { hasReason } from "#machinery/status";
import { parseTime } from "#machinery/time";
import { type Caches, type Outcome, type Pass, controller, wake } from "#reconciler/controller";
import { withCondition } from "../conditions.ts";
import { DELETION_GRACE_MS, orphanOf, rangesIn } from "./plan.ts";

const WAITS = {
  type: READY,
  status: "False",
  reason: "Terminating",
  message:
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
};
const IS_READY = { type: READY, status: "True", reason: "", message: "Kubernetes Service CIDR is ready" };

export const serviceCidrs = controller({
  name: "service-cidr-controller",
  watches: ServiceCIDR,
  wakes: [
    // What comes can take over the addresses of one that goes, and what goes no longer does.
    wake(ServiceCIDR, overlapping),
    wake(IPAddress, holding, () => false),
  ],
  writes: [{ kind: ServiceCIDR, verbs: ["update", "patch"] }],

  reconcile: (range, pass) => (isGoing(range) ? letGo(range, pass) : makeReady(range, pass)),
});

const isGoing = ({ metadata }: ServiceCIDR): boolean => metadata.deletionTimestamp !== undefined;

function* overlapping(range: ServiceCIDR, { cache }: Caches): Iterable<string> {
  const ranges = rangesIn(range.spec.cidrs);
  for (const other of cache(ServiceCIDR).list()) {
    if (other.metadata.uid === range.metadata.uid || !isGoing(other)) continue;
    if (rangesIn(other.spec.cidrs).some((one) => ranges.some((mine) => cidrsOverlap(mine, one))))
      yield keyOf(other);
  }
}

/** Ranges on their way out that the address keeps, or kept. */
function* holding(address: IPAddress, { cache }: Caches): Iterable<string> {
  if (!isServiceAddress(address)) return;
  for (const range of cache(ServiceCIDR).list()) {
    if (!isGoing(range)) continue;
    if (rangesIn(range.spec.cidrs).some((cidr) => cidrHas(cidr, address.metadata.name))) yield keyOf(range);
  }
}

async function makeReady(range: ServiceCIDR, pass: Pass): Promise<void> {
  const { finalizers = [], resourceVersion } = range.metadata;
  const held = finalizers.includes(SERVICE_CIDR_FINALIZER)
    ? range
    : await pass.write.patch(ServiceCIDR, range.metadata, {
        metadata: { resourceVersion, finalizers: [...finalizers, SERVICE_CIDR_FINALIZER] },
      });
  try {
    await say(held, IS_READY, pass);
  } catch (error) {
    if (!hasReason(error, "Conflict", "NotFound"))
      pass.event(
        range,
        "Warning",
        "KubernetesServiceCIDRError",
        "The ServiceCIDR Status can not be set to Ready=True",
      );
    throw error;
  }
}

async function letGo(range: ServiceCIDR, pass: Pass): Promise<Outcome | void> {
  const { finalizers = [], resourceVersion, deletionTimestamp = "" } = range.metadata;
  if (!finalizers.includes(SERVICE_CIDR_FINALIZER)) return;
  if (isNeeded(range, pass)) return void (await say(range, WAITS, pass));
  const afterMs = parseTime(deletionTimestamp) + DELETION_GRACE_MS - pass.clock.now();
  if (afterMs > 0) return { afterMs };
  const left = finalizers.filter((name) => name !== SERVICE_CIDR_FINALIZER);
  await pass.write.patch(ServiceCIDR, range.metadata, { metadata: { resourceVersion, finalizers: left } });
}

function isNeeded(range: ServiceCIDR, { cache }: Pass): boolean {
  const staying = [...cache(ServiceCIDR).list()]
    .filter((other) => other.metadata.uid !== range.metadata.uid && isReadyServiceCidr(other))
    .flatMap(({ spec }) => rangesIn(spec.cidrs));
  const addresses = serviceAddressesIn(cache(IPAddress).list());
  return orphanOf(rangesIn(range.spec.cidrs), staying, addresses) !== undefined;
}

function* serviceAddressesIn(addresses: Iterable<IPAddress>): Iterable<string> {
  for (const address of addresses) if (isServiceAddress(address)) yield address.metadata.name;
}

/** Nothing is written where it is said already. */
async function say(range: ServiceCIDR, condition: typeof IS_READY, { write, clock }: Pass): Promise<void> {
  const conditions = withCondition(range.status.conditions ?? [], condition, clock.now());
  await write.status(ServiceCIDR, range, { ...range.status, conditions });
}
