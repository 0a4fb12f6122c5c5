import type { Pod } from "#api/core-v1/pod";
import { isReady } from "#api/core-v1/podstate";
import { Status as StatusKind } from "#api/meta-v1/status";
import { Eviction } from "#api/policy-v1/eviction";
import { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import { present } from "#base/assert";
import { compileSelector } from "#machinery/label-selector";
import type { AnyObject } from "#machinery/schema";
import { StatusError, badRequest, forbidden, internalError } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { decodeBody } from "../../negotiation/decode.ts";
import type { Handler } from "../../request/dispatch.ts";
import type { Operation } from "../../request/operation.ts";
import { everything } from "../../watch/scope.ts";
import { removalOf } from "../delete-options.ts";
import { checkPreconditions, removeAdmitted } from "../delete.ts";
import type { RestDeps } from "../deps.ts";
import { changeDirectly } from "../direct.ts";
import { writeQueryOf } from "../query.ts";

/** Evictions that a budget may have on record at once. */
const DISRUPTED_PODS_MAX = 2000;
const RETRY_SECONDS = 10;

/** POST of an Eviction: deletes a pod, unless its disruption budget is used up. */
export const evict: Handler = async (op, deps) => {
  const { info, body, warn, kind } = op;
  const query = writeQueryOf(info.query, "CreateOptions");
  const expected = { apiVersion: "policy/v1", kind: "Eviction", schema: Eviction };
  const sent = decodeBody(body, expected, {
    limits: deps.limits,
    fieldValidation: query.fieldValidation,
    warn,
  });
  const { name } = (sent as Eviction).metadata;
  if (name && name !== info.name) {
    throw badRequest(`name in URL does not match name in Eviction object: ${info.name} != ${name}`);
  }
  const admitted = {
    operation: "CREATE",
    object: sent as AnyObject,
    old: undefined,
    name: info.name,
    options: query,
    dryRun: query.dryRun,
  } as const;
  const object = await deps.admission.admit(op, admitted);
  await deps.admission.validate(op, { ...admitted, object });
  const eviction = object as unknown as Eviction;
  const options = eviction.deleteOptions ?? {};
  const deletion: Operation = {
    ...op,
    info: { ...info, verb: "delete", subresource: "" },
    body: { type: "value", value: options, contentType: "application/json" },
  };
  const asked = removalOf(deletion, deps);
  const removal = { ...asked, dryRun: asked.dryRun || query.dryRun };
  const item = await present(kind.storage, "the storage of pods").current(info.namespace, info.name);
  const pod = kind.view.object(item) as Pod;
  checkPreconditions(deletion, removal, pod);
  if (!ignoresBudgets(pod)) await takeFromBudget(op, deps, pod, removal.dryRun);
  const now = formatTime(deps.clock.now());
  const marked = await changeDirectly({
    kind,
    namespace: info.namespace,
    name: info.name,
    dryRun: removal.dryRun,
    change: (old) => markedForDisruption(old as Pod, now) as AnyObject,
  });
  // What was asked for held before the mark, which is our own.
  await removeAdmitted(deletion, deps, { ...removal, resourceVersion: undefined }, marked);
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  return { type: "object", code: 201, object: status, schema: StatusKind };
};

const DISRUPTION = {
  type: "DisruptionTarget",
  status: "True",
  reason: "EvictionByEvictionAPI",
  message: "Eviction API: evicting",
} as const;

/** The pod with the condition by which others see that it does not end by its own fault. */
function markedForDisruption(pod: Pod, now: string): Pod {
  const { conditions = [] } = pod.status;
  const before = conditions.find(({ type }) => type === DISRUPTION.type);
  const lastTransitionTime = before?.status === DISRUPTION.status ? before.lastTransitionTime : now;
  const condition = { ...DISRUPTION, lastTransitionTime };
  const others = conditions.filter((each) => each !== before);
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } } as Pod;
}

/** A pod that does nothing yet, or no more, is missed by nobody. */
const ignoresBudgets = ({ status, metadata }: Pod): boolean =>
  ["Succeeded", "Failed", "Pending"].includes(status.phase ?? "") || metadata.deletionTimestamp !== undefined;

async function takeFromBudget(op: Operation, deps: RestDeps, pod: Pod, dryRun: boolean): Promise<void> {
  const kind = deps.kinds.of(PodDisruptionBudget);
  if (!kind?.storage) return;
  await kind.storage.fresh();
  const budgets = kind.storage.cache
    .select({ ...everything, namespace: op.info.namespace })
    .map((item) => kind.view.object(item) as PodDisruptionBudget)
    .filter(({ spec }) => compileSelector(spec.selector)(pod.metadata.labels));
  const [budget, another] = budgets;
  if (another) {
    const why =
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    throw internalError(why);
  }
  if (!budget || (!isReady(pod) && unhealthyMayGo(budget))) return;
  const now = formatTime(deps.clock.now());
  await changeDirectly({
    kind,
    namespace: op.info.namespace,
    name: budget.metadata.name,
    dryRun,
    change: (old) => taken(old as PodDisruptionBudget, pod.metadata.name, now) as AnyObject,
  });
}

function unhealthyMayGo({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  return status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0;
}

/** The budget with one disruption less. */
function taken(budget: PodDisruptionBudget, pod: string, now: string): PodDisruptionBudget {
  const { metadata, status } = budget;
  const { disruptionsAllowed, disruptedPods = {}, desiredHealthy, currentHealthy } = status;
  const refuse = (why: string) =>
    forbidden({ group: "policy", plural: "poddisruptionbudgets" }, metadata.name, why);
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw violated(`The disruption budget ${metadata.name} is still being processed by the server.`);
  }
  if (disruptionsAllowed < 0) throw refuse("pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    throw refuse("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (disruptionsAllowed === 0) {
    throw violated(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  }
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod]: now },
    },
  };
}

const violated = (message: string): StatusError =>
  new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    reason: "TooManyRequests",
    details: { causes: [{ reason: "DisruptionBudget", message }], retryAfterSeconds: RETRY_SECONDS },
    code: 429,
  });
