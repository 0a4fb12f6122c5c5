import { Pod } from "#api/core-v1/pod";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { hasReason } from "#machinery/status";
import type { Admission, AdmissionPlugin, Loopback, ReadCache } from "../contracts.ts";
import { refusal } from "./about.ts";
import { checkQuota, usageDelta } from "./quota/check.ts";
import { inScope, type Usage, usageOf } from "./quota/usage.ts";

/** Tries when a quota's status is written by others at the same time: each other server may win some in a row. */
const TRIES = 32;

/**
 * Holds a namespace to its quotas. What a write adds is put down in the quota's status before the write happens, so
 * that writes at the same time cannot go beyond it together; a write that fails later is found by the controller
 * that counts again.
 */
export function resourceQuota(cache: ReadCache, loopback: () => Loopback): AdmissionPlugin {
  /** One check at a time for each namespace. */
  const busy = new Map<string, Promise<void>>();

  async function inTurn(namespace: string, work: () => Promise<void>): Promise<void> {
    const turn = (busy.get(namespace) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined);
    busy.set(namespace, settled);
    try {
      await turn;
    } finally {
      if (busy.get(namespace) === settled) busy.delete(namespace);
    }
  }

  async function take(admission: Admission, quota: ResourceQuota): Promise<void> {
    const delta = deltaFor(admission, quota);
    if (!delta) return;
    const pod = admission.resource.plural === Pod.plural ? (admission.object as Pod) : undefined;
    let present = quota;
    for (let attempt = 1; ; attempt++) {
      const verdict = checkQuota(present, delta, pod);
      if (verdict.type === "refused") throw refusal(admission, verdict.why);
      if (verdict.type === "untouched" || admission.dryRun) return;
      const body = { ...present, status: { ...present.status, used: verdict.used } };
      const { name, namespace = "" } = present.metadata;
      const target = { resource: ResourceQuota, namespace, name };
      try {
        await loopback().call({ ...target, subresource: "status", verb: "update", body });
        return;
      } catch (error) {
        if (hasReason(error, "NotFound")) return;
        if (!hasReason(error, "Conflict") || attempt === TRIES) throw error;
      }
      present = (await loopback().call({ ...target, verb: "get" })) as ResourceQuota;
    }
  }

  return {
    name: "ResourceQuota",
    // What is given back by a delete, only the controller knows: a deleted object may live on for a while.
    handles: ({ operation, subresource, namespace, resource }) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      (subresource === "" || subresource === "resize") &&
      namespace !== "" &&
      !EXEMPT.has(resource.plural),
    async validate(admission) {
      const quotas = [...cache.list(ResourceQuota, admission.namespace)];
      if (quotas.length === 0) return;
      await inTurn(admission.namespace, async () => {
        for (const quota of quotas) {
          // The cache may have moved on while this one waited.
          const newest = cache.get(ResourceQuota, admission.namespace, quota.metadata.name) ?? quota;
          // oxlint-disable-next-line no-await-in-loop -- all quotas must agree, each in turn
          await take(admission, newest);
        }
      });
    },
  };
}

/** Written so often, or so needed for cleaning up, that no quota counts them. */
const EXEMPT = new Set(["events", "leases", "bindings", "localsubjectaccessreviews"]);

/** What the write adds; undefined when the quota is not about the object. */
function deltaFor(admission: Admission, quota: ResourceQuota): Usage | undefined {
  const { resource, object, old, operation } = admission;
  const isIn = object !== undefined && inScope(quota, resource, object);
  const wasIn = operation === "UPDATE" && old !== undefined && inScope(quota, resource, old);
  if (!isIn && !wasIn) return undefined;
  const after = isIn ? usageOf(resource, object) : {};
  const before = wasIn ? usageOf(resource, old) : {};
  return usageDelta(after, before);
}
