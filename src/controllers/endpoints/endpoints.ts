/** Keeps the Endpoints of services with a selector, for clients that do not know EndpointSlices. */
import { Endpoints } from "#api/core-v1/endpoints";
import { Pod } from "#api/core-v1/pod";
import { Service } from "#api/core-v1/service";
import { hasReason } from "#machinery/status";
import { controller, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { podsOf, servicesOf } from "../endpointslice/selection.ts";
import { HEADLESS } from "../endpointslice/write-slices.ts";
import { subsetsOf } from "./subsets.ts";

export const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const MANAGER = "endpoint-controller";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

export const endpoints = controller({
  name: "endpoint",
  watches: Service,
  wakes: [
    wake(Pod, servicesOf),
    wake(Endpoints, ({ metadata: { namespace, name } }) => [`${namespace}/${name}`]),
  ],
  writes: [{ kind: Endpoints, verbs: ["create", "update", "delete"] }],

  index: ({ cache }) => cache(Pod).groupByLabels(),

  async reconcile(service, { cache, write }) {
    const { name, namespace = "", deletionTimestamp } = service.metadata;
    const { selector, type } = service.spec;
    if (deletionTimestamp || !selector || type === "ExternalName") return;
    const pods = podsOf(selector, cache(Pod), namespace);
    const { subsets, truncated } = subsetsOf(service, pods);
    const labels = labelsOf(service);
    const known = cache(Endpoints).get(namespace, name);
    const { [OVER_CAPACITY]: _past, ...kept } = known?.metadata.annotations ?? {};
    const annotations = truncated ? { ...kept, [OVER_CAPACITY]: "truncated" } : kept;
    if (!known) {
      try {
        await write.create(Endpoints, { metadata: { name, namespace, labels, annotations }, subsets });
      } catch (error) {
        if (!hasReason(error, "NotFound", "Forbidden")) throw error;
      }
      return;
    }
    const same =
      sameJson(known.subsets ?? [], subsets) &&
      sameJson(known.metadata.labels ?? {}, labels) &&
      sameJson(known.metadata.annotations ?? {}, annotations);
    if (!same)
      await write.update(Endpoints, {
        ...known,
        metadata: { ...known.metadata, labels, annotations },
        subsets,
      });
  },

  /** The service is gone; what was kept for it goes too. */
  async gone({ namespace, name }, { cache, write }) {
    const known = cache(Endpoints).get(namespace, name);
    if (known?.metadata.labels?.[MANAGED_BY] === MANAGER) await write.remove(Endpoints, known);
  },
});

function labelsOf({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const { [HEADLESS]: _headless, ...own } = metadata.labels ?? {};
  return { ...own, [MANAGED_BY]: MANAGER, ...(spec.clusterIP === "None" ? { [HEADLESS]: "" } : {}) };
}
