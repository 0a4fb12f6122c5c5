import { ageOf } from "#machinery/elapsed";
import { NONE } from "#api/columns";
import { parseTime } from "#machinery/time";
import type { Container } from "./container.ts";
import type { ContainerStateTerminated, ContainerStatus } from "./containerstatus.ts";
import { conditionOf, isTerminal, type PodParts } from "./podstate.ts";

/** `ExitCode:1`, or the signal that ended it. */
const ending = ({ reason, signal, exitCode }: ContainerStateTerminated): string =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);

const sidecarNames = (pod: PodParts): ReadonlySet<string> =>
  new Set(
    (pod.spec.initContainers ?? [])
      .filter(({ restartPolicy }: Container) => restartPolicy === "Always")
      .map(({ name }) => name),
  );

/** The first init container that still holds the pod back, in words. */
function initialization(pod: PodParts, sidecars: ReadonlySet<string>): string | undefined {
  const statuses = pod.status.initContainerStatuses ?? [];
  for (const [index, { name, state, started }] of statuses.entries()) {
    const { terminated, waiting } = state;
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(name) && started) continue;
    if (terminated) return `Init:${ending(terminated)}`;
    if (waiting?.reason && waiting.reason !== "PodInitializing") return `Init:${waiting.reason}`;
    return `Init:${index}/${pod.spec.initContainers?.length ?? 0}`;
  }
  return undefined;
}

/** What the containers are at; the first one that says something has the word. */
function running(pod: PodParts, before: string): string {
  const statuses = pod.status.containerStatuses ?? [];
  let reason = before;
  let anyRunning = false;
  for (const { state, ready } of statuses.toReversed()) {
    if (state.waiting?.reason) reason = state.waiting.reason;
    else if (state.terminated) reason = ending(state.terminated);
    else if (ready && state.running) anyRunning = true;
  }
  if (reason !== "Completed" || !anyRunning) return reason;
  return conditionOf(pod, "Ready")?.status === "True" ? "Running" : "NotReady";
}

const isInitialized = (pod: PodParts): boolean => conditionOf(pod, "Initialized")?.status === "True";

/** The one word, or few, that tell how a pod is. */
export function statusText(pod: PodParts): string {
  const { status, metadata } = pod;
  const sidecars = sidecarNames(pod);
  let reason: string = status.reason || status.phase || "";
  if (conditionOf(pod, "PodScheduled")?.reason === "SchedulingGated") reason = "SchedulingGated";
  const initial = initialization(pod, sidecars);
  reason = initial === undefined || isInitialized(pod) ? running(pod, initial ?? reason) : initial;
  if (metadata.deletionTimestamp === undefined) return reason;
  if (status.reason === "NodeLost") return "Unknown";
  return isTerminal(pod) ? reason : "Terminating";
}

/** Containers that count: all but init containers that run once. */
function counted(pod: PodParts): readonly ContainerStatus[] {
  const sidecars = sidecarNames(pod);
  return [
    ...(pod.status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
    ...(pod.status.containerStatuses ?? []),
  ];
}

/** `1/2`. */
export function readyText(pod: PodParts): string {
  const all = pod.spec.containers.length + sidecarNames(pod).size;
  const ready = counted(pod).filter(
    ({ ready: isReady, state, started }) => isReady && (state.running || started),
  ).length;
  return `${ready}/${all}`;
}

const lastEnd = ({ lastState }: ContainerStatus): number =>
  lastState.terminated?.finishedAt ? parseTime(lastState.terminated.finishedAt) : 0;

/** `3 (5m ago)`. */
export function restartsText(pod: PodParts, now: number): string {
  const initial = pod.status.initContainerStatuses ?? [];
  const starting = initialization(pod, sidecarNames(pod)) !== undefined && !isInitialized(pod);
  const statuses = starting ? initial : counted(pod);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const last = Math.max(0, ...statuses.map(lastEnd));
  return restarts > 0 && last > 0
    ? `${restarts} (${ageOf(new Date(last).toISOString(), now)} ago)`
    : `${restarts}`;
}

/** `1/2` readiness gates that hold. */
export function gatesText(pod: PodParts): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const held = gates.filter(({ conditionType }) => conditionOf(pod, conditionType)?.status === "True");
  return `${held.length}/${gates.length}`;
}
