/** The parts of a pod that the kubelet works with, and what can be read off a spec alone. */
import type { Pod } from "#api/core-v1/pod";

export type PodSpec = Pod["spec"];
export type PodStatus = Pod["status"];
export type Container = PodSpec["containers"][number];
export type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];
export type ContainerState = NonNullable<ContainerStatus["state"]>;
export type PodCondition = NonNullable<PodStatus["conditions"]>[number];
export type EphemeralContainer = NonNullable<PodSpec["ephemeralContainers"]>[number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
export type VolumeMount = NonNullable<Container["volumeMounts"]>[number];
export type Probe = NonNullable<Container["livenessProbe"]>;
export type LifecycleHandler = NonNullable<NonNullable<Container["lifecycle"]>["preStop"]>;
export type EnvVar = NonNullable<Container["env"]>[number];

/** What part a container plays in its pod. */
export type Role = "init" | "sidecar" | "app" | "ephemeral";

export interface Member {
  readonly role: Role;
  readonly container: Container;
}

/** A sidecar is an init container that is restarted always and runs beside the others. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === "Always";

/** All containers of the pod in the order in which they start. */
export function membersOf({ spec }: Pod): readonly Member[] {
  const members: Member[] = [];
  for (const container of spec.initContainers ?? [])
    members.push({ role: isSidecar(container) ? "sidecar" : "init", container });
  for (const container of spec.containers) members.push({ role: "app", container });
  // An ephemeral container has all fields of a container that matter here; the API lets it set fewer.
  for (const container of spec.ephemeralContainers ?? [])
    members.push({ role: "ephemeral", container: container as unknown as Container });
  return members;
}

/** `name_namespace(uid)`, as events and messages name a pod. */
export const podTitle = ({ metadata }: Pod): string =>
  `${metadata.name}_${metadata.namespace}(${metadata.uid})`;

export const isHostNetwork = ({ spec }: Pod): boolean => spec.hostNetwork === true;

/** How long the pod's containers may take to end, in seconds; at least one. */
export function graceSecondsOf({ metadata, spec }: Pod): number {
  const seconds = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  return Math.max(1, Number(seconds));
}

/** Does the pod ask for this container to run again after it ended with this code? */
export function restartsAfter(pod: Pod, { role, container }: Member, exitCode: number): boolean {
  if (role === "ephemeral") return false;
  if (role === "sidecar") return true;
  for (const { action, exitCodes } of container.restartPolicyRules ?? []) {
    if (!exitCodes || !action?.startsWith("Restart")) continue;
    const listed = (exitCodes.values ?? []).includes(exitCode);
    if (listed === (exitCodes.operator === "In")) return true;
  }
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? "Always";
  if (policy === "Never") return false;
  // A regular init container that has done its work is done, whatever the policy.
  if (policy === "OnFailure" || role === "init") return exitCode !== 0;
  return true;
}
