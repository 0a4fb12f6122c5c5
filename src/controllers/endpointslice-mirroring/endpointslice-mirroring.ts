/** Gives services without a selector EndpointSlices made of the Endpoints that somebody wrote by hand. */
import { Endpoints } from "#api/core-v1/endpoints";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { controller, wake } from "#reconciler/controller";
import { BY_CONTROLLER } from "#reconciler/owner";
import { planSlices } from "../endpointslice/plan.ts";
import { HEADLESS, MANAGED_BY, SERVICE_NAME, writeSlices } from "../endpointslice/write-slices.ts";
import {
  type AddressType,
  familyOf,
  type Group,
  keyOfPorts,
  type Endpoint,
} from "../endpointslice/desired.ts";

const MANAGER = "endpointslicemirroring-controller.k8s.io";
const SKIP = "endpointslice.kubernetes.io/skip-mirror";
const LEADER = "control-plane.alpha.kubernetes.io/leader";
/** Of one subset at most this many addresses are shown. */
const ADDRESSES_MAX = 1_000;

export const endpointSliceMirroring = controller({
  name: "endpointslicemirroring",
  watches: Endpoints,
  owns: [EndpointSlice],
  wakes: [wake(Service, ({ metadata: { namespace, name } }) => [`${namespace}/${name}`])],

  async reconcile(endpoints, pass) {
    const { namespace, name, uid, labels: own = {} } = endpoints.metadata;
    const owned = [...pass.cache(EndpointSlice).byIndex(BY_CONTROLLER, uid)];
    const service = pass.cache(Service).get(namespace, name);
    if (!service || service.spec.selector || !isMirrored(endpoints)) {
      return pass.write.removeAll(EndpointSlice, owned);
    }
    const { [HEADLESS]: _headless, ...rest } = own;
    const labels = { ...rest, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER };
    for (const type of ["IPv4", "IPv6"] as const) {
      const slices = owned.filter(({ addressType }) => addressType === type);
      const groups = groupsOf(endpoints, type);
      // A family without addresses has no slice, not even an empty one.
      if (groups.size === 0) await pass.write.removeAll(EndpointSlice, slices);
      else {
        const plan = planSlices(type, slices, groups, { labels });
        await writeSlices(plan, { kind: Endpoints, object: endpoints, labels }, pass);
      }
    }
  },
});

const isMirrored = ({ metadata: { labels, annotations } }: Endpoints): boolean =>
  labels?.[SKIP] !== "true" && annotations?.[LEADER] === undefined;

export function groupsOf({ subsets = [] }: Endpoints, type: AddressType): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const { addresses = [], notReadyAddresses = [], ports: subsetPorts = [] } of subsets) {
    const ports = subsetPorts.map(({ name = "", port, protocol, appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    const key = keyOfPorts(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() };
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    for (const { address, ready } of all.slice(0, ADDRESSES_MAX)) {
      if (familyOf(address.ip) !== type) continue;
      const { ip, hostname, nodeName, targetRef } = address;
      const endpoint: Endpoint = {
        addresses: [ip],
        conditions: { ready },
        ...(hostname ? { hostname } : {}),
        ...(targetRef ? { targetRef } : {}),
        ...(nodeName ? { nodeName } : {}),
      };
      group.endpoints.set(targetRef?.uid ?? ip, endpoint);
    }
    if (group.endpoints.size > 0) groups.set(key, group);
  }
  return groups;
}
