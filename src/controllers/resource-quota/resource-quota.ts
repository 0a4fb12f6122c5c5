/** Keeps the status of quotas: what is allowed, and what the objects of the namespace take of it. */
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { ConfigMap } from "#api/core-v1/configmap";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ReplicationController } from "#api/core-v1/replicationcontroller";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Secret } from "#api/core-v1/secret";
import { Service } from "#api/core-v1/service";
import { isTerminal } from "#api/core-v1/podstate";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { keyOf } from "#client/address";
import { storedKinds } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import { addQuantities } from "#machinery/quantity";
import { type Caches, type Controller, controller, type Wake, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { countOf, NamedKinds } from "./named-kinds.ts";

/** How much one object takes: the rules by which admission counts, so that both say the same. */
export interface QuotaRules {
  readonly usageOf: (kind: Resource, object: AnyObject) => Readonly<Record<string, string>>;
  readonly inScope: (quota: ResourceQuota, kind: Resource, object: AnyObject) => boolean;
}

/** Kinds that have quotas of their own; others are counted as `count/…` when a quota names them. */
const COUNTED: readonly Resource[] = [
  Pod,
  Service,
  PersistentVolumeClaim,
  ConfigMap,
  Secret,
  ReplicationController,
  ResourceClaim,
];

/** Written so often, or so needed for cleaning up, that no quota counts them. */
const EXEMPT = new Set(["events", "leases"]);

/** Kinds that only `count/…` is about. */
const NAMED_ONLY = storedKinds.filter(
  (kind) => kind.namespaced && !COUNTED.includes(kind) && !EXEMPT.has(kind.plural),
);

/** A write that failed after admission leaves its mark, which is found by looking again. */
const RECOUNT_MS = 5 * 60_000;

export function resourceQuotas({ usageOf, inScope }: QuotaRules): Controller {
  let others: NamedKinds | undefined;
  return controller({
    name: "resourcequota",
    watches: ResourceQuota,
    // Admission writes the status before it lets a write through: counting then would take that back.
    matters: (quota, before) => !sameJson(quota.spec, before.spec),
    wakes: [
      wake(
        Pod,
        quotasAround,
        (pod, before) =>
          isTerminal(pod) !== isTerminal(before) || pod.metadata.generation !== before.metadata.generation,
      ),
      ...COUNTED.filter((kind) => kind !== (Pod as Resource)).map((kind) => wake(kind, quotasAround)),
      ...NAMED_ONLY.map(wokenByCount),
    ],
    reads: [CustomResourceDefinition, APIService],
    rights: [{ apiGroups: ["*"], resources: ["*"], verbs: ["list", "watch"] }],
    sources(environment, add) {
      others = new NamedKinds(environment, add);
      others.start();
    },

    async reconcile(quota, { cache, client, write, signal }) {
      const { namespace = "" } = quota.metadata;
      const hard = quota.spec.hard ?? {};
      const used: Record<string, string> = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]));
      for (const kind of kindsIn(hard, others?.named(hard) ?? [])) {
        const objects = isWatched(kind)
          ? cache(kind).list(namespace)
          : (await client.list(kind, { namespace, metadataOnly: true, signal })).items;
        for (const object of objects) {
          if (!inScope(quota, kind, object)) continue;
          const usage = usageOf(kind, object);
          for (const name of Object.keys(used)) {
            if (usage[name] !== undefined) used[name] = addQuantities(used[name]!, usage[name]);
          }
        }
      }
      await write.status(ResourceQuota, quota, { hard, used });
      return { afterMs: RECOUNT_MS };
    },
  });
}

function quotasAround({ metadata: { namespace } }: AnyObject, { cache }: Caches): Iterable<string> {
  return [...cache(ResourceQuota).list(namespace)].map(keyOf);
}

/** What comes and goes, where a quota counts it; changes do not matter. */
const wokenByCount = (kind: Resource): Wake => ({
  on: kind,
  metadataOnly: true,
  *keys({ metadata: { namespace } }, { cache }) {
    for (const quota of cache(ResourceQuota).list(namespace))
      if (quota.spec.hard?.[countOf(kind)] !== undefined) yield keyOf(quota);
  },
  matters: () => false,
});

const isWatched = (kind: Resource): boolean => COUNTED.includes(kind) || NAMED_ONLY.includes(kind);

/** Kinds that the quota speaks of: `count/deployments.apps` is one of a group. */
function kindsIn(hard: Readonly<Record<string, unknown>>, others: readonly Resource[]): readonly Resource[] {
  const isNamed = (kind: Resource) => Object.hasOwn(hard, countOf(kind));
  return [...COUNTED, ...NAMED_ONLY.filter(isNamed), ...others];
}
