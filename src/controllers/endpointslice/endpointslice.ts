/** Keeps the EndpointSlices of services with a selector: which pods serve them, where, and in which state. */
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { conditionOf } from "#api/core-v1/podstate";
import { type Caches, controller, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { BY_CONTROLLER } from "#reconciler/owner";
import { addressTypesOf, desiredGroups, type Endpoint } from "./desired.ts";
import { planSlices, type Plan } from "./plan.ts";
import { podsOf, servicesOf } from "./selection.ts";
import { HEADLESS, MANAGED_BY, SERVICE_NAME, writeSlices } from "./write-slices.ts";

const MANAGER = "endpointslice-controller.k8s.io";
const ZONE = "topology.kubernetes.io/zone";

export const endpointSlices = controller({
  name: "endpointslice",
  watches: Service,
  owns: [EndpointSlice],
  wakes: [wake(Pod, servicesOf, concernsEndpoints), wake(Node, servicesOnNode, zoneChanged)],

  index: ({ cache }) => cache(Pod).groupByLabels(),

  async reconcile(service, pass) {
    const { cache } = pass;
    const { namespace, uid, deletionTimestamp } = service.metadata;
    if (deletionTimestamp || !service.spec.selector) return;
    const owned = [...cache(EndpointSlice).byIndex(BY_CONTROLLER, uid)].filter(isOurs);
    if (service.spec.type === "ExternalName") return pass.write.removeAll(EndpointSlice, owned);
    const types = addressTypesOf(service);
    const pods = podsOf(service.spec.selector, cache(Pod), namespace);
    const nodeOf = (name: string) => cache(Node).get(undefined, name);
    const labels = labelsOf(service);
    const plans = types.map((type): Plan => {
      const slices = owned.filter(({ addressType }) => addressType === type);
      return planSlices(type, slices, desiredGroups(service, pods, type, nodeOf), { labels });
    });
    const strays = owned.filter(({ addressType }) => !types.some((type) => type === addressType));
    const owner = { kind: Service, object: service, labels, triggerTime: triggerTimeOf(service, pods) };
    for (const plan of plans) await writeSlices(plan, owner, pass);
    await pass.write.removeAll(EndpointSlice, strays);
  },
});

const isOurs = ({ metadata }: EndpointSlice): boolean => metadata.labels?.[MANAGED_BY] === MANAGER;

function labelsOf({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const { [HEADLESS]: _headless, ...own } = metadata.labels ?? {};
  return {
    ...own,
    ...(spec.clusterIP === "None" ? { [HEADLESS]: "" } : {}),
    [SERVICE_NAME]: metadata.name,
    [MANAGED_BY]: MANAGER,
  };
}

/** The newest change of readiness among the pods, or the making of the service. */
function triggerTimeOf({ metadata }: Service, pods: readonly Pod[]): string {
  let newest = metadata.creationTimestamp;
  for (const pod of pods) {
    const changed = conditionOf(pod, "Ready")?.lastTransitionTime ?? pod.metadata.creationTimestamp;
    if (changed > newest) newest = changed;
  }
  return newest;
}

/** Only what endpoints show of a pod. */
function concernsEndpoints(pod: Pod, before: Pod): boolean {
  const shown = ({ metadata, spec, status }: Pod) => [
    metadata.labels,
    metadata.deletionTimestamp,
    spec.nodeName,
    spec.hostname,
    spec.subdomain,
    status.phase,
    status.podIPs,
    status.podIP,
    status.conditions?.find(({ type }) => type === "Ready")?.status,
  ];
  return !sameJson(shown(pod), shown(before));
}

function zoneChanged(node: Node, before: Node): boolean {
  return node.metadata.labels?.[ZONE] !== before.metadata.labels?.[ZONE];
}

/** Nodes that come or go without a zone change nothing that slices show. */
function* servicesOnNode({ metadata: { name, labels } }: Node, { cache }: Caches): Iterable<string> {
  if (!labels?.[ZONE]) return;
  for (const slice of cache(EndpointSlice).list()) {
    const service = slice.metadata.labels?.[SERVICE_NAME];
    const concerned =
      service && isOurs(slice) && slice.endpoints.some((endpoint: Endpoint) => endpoint.nodeName === name);
    if (concerned) yield `${slice.metadata.namespace}/${service}`;
  }
}
