/** Keeps the status of quotas: what is allowed, and what the objects of the namespace take of it. */
import { ConfigMap } from "#api/core-v1/configmap";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ReplicationController } from "#api/core-v1/replicationcontroller";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Secret } from "#api/core-v1/secret";
import { Service } from "#api/core-v1/service";
import { isTerminal } from "#api/core-v1/podstate";
import { keyOf } from "#client/address";
import { resourceFor, resources } from "#api/registry";
import type { AnyObject, Resource } from "#machinery/schema";
import { addQuantities } from "#machinery/quantity";
import { type Caches, type Controller, controller, wake } from "#reconciler/controller";
import { sameJson } from "#reconciler/equal";

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
];

/** Kinds that are only counted are not watched, and a write that failed after admission leaves its mark: both are found by looking again. */
const RECOUNT_MS = 5 * 60_000;

export const resourceQuotas = ({ usageOf, inScope }: QuotaRules): Controller =>
  controller({
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
    ],
    rights: [{ apiGroups: ["*"], resources: ["*"], verbs: ["list"] }],

    async reconcile(quota, { cache, client, write, signal }) {
      const { namespace = "" } = quota.metadata;
      const hard = quota.spec.hard ?? {};
      const used: Record<string, string> = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]));
      for (const kind of kindsIn(hard)) {
        const objects = COUNTED.includes(kind)
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

function quotasAround({ metadata: { namespace } }: AnyObject, { cache }: Caches): Iterable<string> {
  return [...cache(ResourceQuota).list(namespace)].map(keyOf);
}

/** Kinds that the quota speaks of: `count/deployments.apps` is one of a group. */
function kindsIn(hard: Readonly<Record<string, unknown>>): readonly Resource[] {
  const named = Object.keys(hard).flatMap((name) => {
    const [, plural, group = ""] = /^count\/([^.]+)(?:\.(.+))?$/.exec(name) ?? [];
    if (plural === undefined) return [];
    const kind = resources.find((candidate) => candidate.plural === plural && candidate.group === group);
    return kind ? [resourceFor(kind.group, kind.version, plural) ?? kind] : [];
  });
  return [...new Set([...COUNTED, ...named.filter((kind) => !COUNTED.includes(kind))])];
}
