import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { Pod } from "#api/core-v1/pod";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import type { LabelSelector } from "#api/meta-v1/labelselector";
import { attempt } from "#base/attempt";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Outcome, Pass } from "#reconciler/controller";
import { createPods, podFrom, removePods } from "../pod-creation.ts";
import { nextAvailabilityMs } from "../pod-facts.ts";
import { nothing, type Plan, planReplicas } from "./plan.ts";
import { type Failure, observe } from "./status.ts";

/** What ReplicaSets and ReplicationControllers have in common. */
export interface Replicated {
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly minReadySeconds: number;
  /** Whether the status has `terminatingReplicas`. */
  readonly showsTerminating: boolean;
}

type Status = ReplicaSet["status"];

/** Brings the number of pods to what is wanted, and writes the status. `crowd`: related pods on a node. */
export async function keepReplicas<T extends AnyObject & { readonly status: Status }>(
  kind: Resource<T>,
  owner: T,
  wanted: Replicated,
  crowd: (node: string) => number,
  pass: Pass,
): Promise<Outcome> {
  const { claim, write, clock } = pass;
  const pods = await claim(Pod, wanted.selector);
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  const plan = leaving ? nothing : planReplicas(wanted.replicas, pods, crowd, clock.now());

  // The status is written even when the plan fails: that is how the user learns why.
  const { failure, error } = await carryOut(plan, kind, owner, wanted.template, pass);
  await write.status(kind, owner, observe(owner, wanted, pods, failure, clock.now()));
  if (error) throw error;

  return { afterMs: nextAvailabilityMs(pods, wanted.minReadySeconds, clock.now()) };
}

async function carryOut<T extends AnyObject>(
  plan: Plan,
  kind: Resource<T>,
  owner: T,
  template: PodTemplateSpec,
  pass: Pass,
): Promise<{ readonly failure?: Failure; readonly error?: Error }> {
  const pods = Array.from({ length: plan.create }, () => podFrom(template, kind, owner));
  const failed = await createPods(pods, owner, pass);
  if (failed) return { failure: { reason: "FailedCreate", message: failed.message }, error: failed };
  const stuck = await attempt(() => removePods(plan.remove, owner, pass));
  if (stuck) return { failure: { reason: "FailedDelete", message: stuck.message }, error: stuck };
  return {};
}
