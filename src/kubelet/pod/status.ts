import { qosClassOf } from "#api/core-v1/podresources";
/** The status that the API shows of a pod, from its spec and what is there. Pure. */
import { formatTime } from "#machinery/time";
import { podConditions } from "./conditions.ts";
import { containerStatusOf, type StatusView } from "./container-status.ts";
import { usableSandbox } from "./plan.ts";
import {
  type ContainerStatus,
  isHostNetwork,
  type Member,
  membersOf,
  type PodStatus,
  restartsAfter,
} from "./spec.ts";

/** Everything the status follows from. */
export interface PodStatusView extends StatusView {
  readonly hostIPs: readonly string[];
  /** When this kubelet first saw the pod; epoch milliseconds. */
  readonly acceptedAtMs: number;
  /** The pod was ended for a reason of the node's, and stays in this phase. */
  readonly verdict:
    | { readonly phase: "Failed" | "Succeeded"; readonly reason: string; readonly message: string }
    | undefined;
}

export function podStatus(view: PodStatusView, nowMs: number): PodStatus {
  const { pod, verdict } = view;
  const statuses = membersOf(pod).map((member) => ({ member, status: containerStatusOf(view, member) }));
  const of = (...roles: Member["role"][]): readonly ContainerStatus[] =>
    statuses.filter(({ member }) => roles.includes(member.role)).map(({ status }) => status);
  const phase = verdict && allStopped(statuses) ? verdict.phase : phaseOf(view, statuses);
  const inits = of("init", "sidecar");
  const ephemerals = of("ephemeral");
  const { reason = pod.status.reason, message = pod.status.message } = verdict ?? {};
  return {
    ...carriedOver(pod.status),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: podConditions(
      { view, phase, apps: of("app"), inits, initialized: view.plan.initialized },
      nowMs,
    ),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...addresses(view),
    startTime: pod.status.startTime ?? formatTime(view.acceptedAtMs),
    ...(inits.length > 0 ? { initContainerStatuses: inits } : {}),
    containerStatuses: of("app"),
    qosClass: pod.status.qosClass ?? qosClassOf(pod.spec),
    ...(ephemerals.length > 0 ? { ephemeralContainerStatuses: ephemerals } : {}),
  };
}

/** What others write into the status, or what stays once it was said. */
function carriedOver({ nominatedNodeName, resize, resourceClaimStatuses }: PodStatus): Partial<PodStatus> {
  return {
    ...(nominatedNodeName ? { nominatedNodeName } : {}),
    ...(resize ? { resize } : {}),
    ...(resourceClaimStatuses ? { resourceClaimStatuses } : {}),
  };
}

function addresses({ pod, hostIPs, sandboxes }: PodStatusView): Partial<PodStatus> {
  const sandbox = usableSandbox({ pod, sandboxes }) ?? sandboxes[0];
  const podIPs = isHostNetwork(pod) ? (sandbox ? hostIPs : []) : (sandbox?.ips ?? []);
  const list = (ips: readonly string[]) => ips.map((ip) => ({ ip }));
  // Addresses stay in the status after the sandbox has gone.
  const known = podIPs.length > 0 ? list(podIPs) : (pod.status.podIPs ?? []);
  return {
    hostIP: hostIPs[0]!,
    hostIPs: list(hostIPs),
    ...(known.length > 0 ? { podIP: known[0]!.ip, podIPs: known } : {}),
  };
}

interface MemberStatus {
  readonly member: Member;
  readonly status: ContainerStatus;
}

const allStopped = (statuses: readonly MemberStatus[]): boolean =>
  statuses.every(({ status }) => !status.state?.running);

/** The phase, as the containers' states add up to it. */
export function phaseOf(
  view: StatusView,
  statuses: readonly MemberStatus[],
): NonNullable<PodStatus["phase"]> {
  const { pod, plan } = view;
  const apps = statuses.filter(({ member }) => member.role === "app");
  const running = apps.filter(({ status }) => status.state?.running).length;
  if (failedInit(view, statuses)) return allStopped(statuses) ? "Failed" : "Pending";
  const ended = apps.filter(({ status }) => status.state?.terminated);
  // A container that waits to be started again has run before: the pod as a whole is under way.
  const neverRan = apps.filter(({ status }) => status.state?.waiting && !status.lastState?.terminated).length;
  const over = view.stopped || plan.finished;
  if (over && allStopped(statuses) && (ended.length === apps.length || view.stopped)) {
    const good =
      ended.length === apps.length && ended.every(({ status }) => status.state?.terminated?.exitCode === 0);
    return good ? "Succeeded" : "Failed";
  }
  if (neverRan > 0 && !(view.stopped && running === 0)) return "Pending";
  if (running > 0 || ended.length > 0 || apps.some(({ status }) => status.lastState?.terminated))
    return "Running";
  return pod.status.phase === "Running" ? "Running" : "Pending";
}

/** An init container has failed for good, and the pod with it. */
function failedInit({ pod, plan }: StatusView, statuses: readonly MemberStatus[]): boolean {
  if (plan.initialized) return false;
  return statuses.some(({ member, status }) => {
    const exitCode = status.state?.terminated?.exitCode;
    return (
      member.role === "init" &&
      exitCode !== undefined &&
      exitCode !== 0 &&
      !restartsAfter(pod, member, exitCode)
    );
  });
}
