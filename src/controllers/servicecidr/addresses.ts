/** Keeps it true that each address of a service is put down as this service's, and as nobody else's. */
import { Service } from "#api/core-v1/service";
import {
  IPAddress,
  hasServiceAddressLabels,
  isServiceAddress,
  serviceAddressLabels,
} from "#api/networking-v1/ipaddress";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { cidrHas, familyOf } from "#base/ip";
import { keyOf } from "#client/address";
import { hasReason } from "#machinery/status";
import { parseTime } from "#machinery/time";
import { type Caches, type Outcome, type Pass, controller, wake } from "#reconciler/controller";
import { rangesIn } from "./plan.ts";

/** Index of services by their addresses. */
const BY_ADDRESS = "clusterIP";
/** An address whose service nobody has seen may be that of one that is being made elsewhere. */
const GRACE_MS = 60_000;

/** The addresses that a service has taken. */
const addressesOf = ({ spec }: Service): readonly string[] =>
  spec.type === "ExternalName" ? [] : (spec.clusterIPs ?? []).filter((address) => address !== "None");

const changesAddresses = (service: Service, before: Service): boolean =>
  addressesOf(service).join() !== addressesOf(before).join();

const isOfService = ({ spec: { parentRef } }: IPAddress): boolean =>
  !parentRef?.group && parentRef?.resource === "services";

const isFor = ({ spec: { parentRef } }: IPAddress, { metadata }: Service): boolean =>
  parentRef?.namespace === metadata.namespace && parentRef?.name === metadata.name;

/** Puts down what services have. */
export const serviceAddresses = controller({
  name: "ipallocator-repair-controller",
  watches: Service,
  matters: changesAddresses,
  wakes: [
    wake(IPAddress, function* ({ metadata }, { cache }) {
      for (const service of cache(Service).byIndex(BY_ADDRESS, metadata.name)) yield keyOf(service);
    }),
    wake(ServiceCIDR, servicesWithin, () => false),
  ],
  writes: [{ kind: IPAddress, verbs: ["create", "delete"] }],
  index: ({ cache }) => cache(Service).addIndex(BY_ADDRESS, addressesOf),

  async reconcile(service, pass) {
    for (const address of addressesOf(service)) await keep(address, service, pass);
  },
});

/** A range that goes although it was not to leaves services outside. */
function* servicesWithin({ spec, metadata }: ServiceCIDR, { cache }: Caches): Iterable<string> {
  if (metadata.deletionTimestamp === undefined) return;
  const ranges = rangesIn(spec.cidrs);
  for (const service of cache(Service).list())
    if (addressesOf(service).some((address) => ranges.some((range) => cidrHas(range, address))))
      yield keyOf(service);
}

async function keep(address: string, service: Service, pass: Pass): Promise<void> {
  const { client, signal } = pass;
  const { namespace, name } = service.metadata;
  const family = familyOf(address) === "ipv4" ? "IPv4" : "IPv6";
  const warn = (reason: string, text: string) => pass.event(service, "Warning", reason, text);
  if (!isWithin(address, pass.cache(ServiceCIDR).list()) && !(await isWithinNow(address, pass))) {
    const text = "is not within any configured Service CIDR; please recreate service";
    return warn("ClusterIPOutOfRange", `Cluster IP [${family}]: ${address} ${text}`);
  }
  const known = pass.cache(IPAddress).getByKey(address);
  if (known && isOfService(known) && isFor(known, service) && hasServiceAddressLabels(known)) return;
  // Caches come one after the other: what is wrong must be wrong at the server, too.
  const held = await client.find(IPAddress, { name: address }, { signal });
  const now = await client.find(Service, service.metadata, { signal });
  if (now?.metadata.uid !== service.metadata.uid || !addressesOf(now).includes(address)) return;
  if (!held) {
    if (await putDown(address, now, pass))
      warn("ClusterIPNotAllocated", `Cluster IP [${family}]: ${address} is not allocated; repairing`);
    return;
  }
  if (isOfService(held) && isFor(held, now)) {
    if (!hasServiceAddressLabels(held)) await putDownAnew(held, now, pass);
    return;
  }
  if (await isOfAnother(held, pass)) {
    const text = "was assigned to multiple services; please recreate service";
    return warn("ClusterIPAlreadyAllocated", `Cluster IP [${family}]:${address} ${text}`);
  }
  const what = `the ClusterIP [${family}]: ${address} for Service ${namespace}/${name}`;
  warn("ClusterIPNotAllocated", `${what} has a wrong reference; repairing`);
  await putDownAnew(held, now, pass);
}

const isWithin = (address: string, cidrs: Iterable<ServiceCIDR>): boolean =>
  [...cidrs].some(({ spec }) => rangesIn(spec.cidrs).some((range) => cidrHas(range, address)));

async function isWithinNow(address: string, { client, signal }: Pass): Promise<boolean> {
  const { items } = await client.list(ServiceCIDR, { signal });
  return isWithin(address, items);
}

/** Is it put down as that of another service which says the same? */
async function isOfAnother(held: IPAddress, pass: Pass): Promise<boolean> {
  const other = isOfService(held) ? await parentOf(held, pass) : undefined;
  return other !== undefined && addressesOf(other).includes(held.metadata.name);
}

/** False when somebody was faster. */
async function putDown(address: string, { metadata }: Service, { write }: Pass): Promise<boolean> {
  const { namespace, name } = metadata;
  try {
    await write.create(IPAddress, {
      metadata: { name: address, labels: serviceAddressLabels(address) },
      spec: { parentRef: { resource: "services", namespace, name } },
    });
    return true;
  } catch (error) {
    if (hasReason(error, "AlreadyExists")) return false;
    throw error;
  }
}

async function putDownAnew(held: IPAddress, service: Service, pass: Pass): Promise<void> {
  await pass.write.remove(IPAddress, held);
  await putDown(held.metadata.name, service, pass);
}

/** Takes back what belongs to no service. */
export const leakedAddresses = controller({
  name: "ipallocator-leak-controller",
  watches: IPAddress,
  wakes: [
    wake(
      Service,
      (service, { cache }) => addressesOf(service).filter((address) => cache(IPAddress).getByKey(address)),
      changesAddresses,
    ),
  ],
  writes: [{ kind: IPAddress, verbs: ["delete"] }],

  async reconcile(address, pass): Promise<Outcome | void> {
    if (!isServiceAddress(address)) return;
    const { name, creationTimestamp } = address.metadata;
    const { namespace = "", name: parent = "" } = address.spec.parentRef ?? {};
    const takeBack = async (reason: string, message: string) => {
      pass.event(address, "Warning", reason, message);
      await pass.write.remove(IPAddress, address);
    };
    if (!isOfService(address)) {
      const text = "appears to have been modified, not referencing a Service";
      return takeBack(
        "IPAddressNotAllocated",
        `IPAddress ${name} ${text} ${JSON.stringify(address.spec.parentRef)}: cleaning up`,
      );
    }
    const cached = pass.cache(Service).get(namespace, parent);
    if (cached && addressesOf(cached).includes(name)) return;
    const service = await parentOf(address, pass);
    const of = `IPAddress: ${name} for Service ${namespace}/${parent}`;
    if (service) {
      if (addressesOf(service).includes(name)) return;
      return takeBack("IPAddressWrongReference", `${of} has a wrong reference; cleaning up`);
    }
    const afterMs = parseTime(creationTimestamp ?? "") + GRACE_MS - pass.clock.now();
    if (afterMs > 0) return { afterMs };
    return takeBack("IPAddressNotAllocated", `${of} appears to have leaked: cleaning up`);
  },
});

/** As the server has it. */
const parentOf = (
  { spec: { parentRef } }: IPAddress,
  { client, signal }: Pass,
): Promise<Service | undefined> =>
  client.find(Service, { namespace: parentRef?.namespace ?? "", name: parentRef?.name ?? "" }, { signal });
