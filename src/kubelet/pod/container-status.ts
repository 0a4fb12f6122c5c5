import type { Pod } from "#api/core-v1/pod";
import { formatTime } from "#machinery/time";
import { resourcesInForce } from "../resources/enforcement.ts";
import type { ObservedContainer } from "./observed.ts";
import type { ResizeProblem } from "./allocation.ts";
import type { ResizeProgress } from "./pod-resize.ts";
import type { Obstacle, Plan, PodView } from "./plan.ts";
import { type Container, type ContainerState, type ContainerStatus, type Member, podTitle } from "./spec.ts";

export interface StatusView extends PodView {
  readonly plan: Plan;
  /** IDs of containers that pass their readiness probe, or have none. */
  readonly ready: ReadonlySet<string>;
  /** The pod was ended and nothing of it runs any more. */
  readonly stopped: boolean;
  /** A change of its resources that is not granted, and one that is under way. */
  readonly resize?: {
    readonly problem: ResizeProblem | undefined;
    readonly progress: ResizeProgress | undefined;
  };
}

const EXIT_CODE_UNKNOWN = 137;
const UNLOCATED = {
  exitCode: EXIT_CODE_UNKNOWN,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was deleted.  The container used to be Running",
};

/** What the API shows of one container. */
export function containerStatusOf(view: StatusView, member: Member): ContainerStatus {
  const { container, role } = member;
  const [last, ...older] = view.containers.filter(({ name }) => name === container.name);
  const state = stateOf(view, member, last);
  const ended = [last, ...older].find(
    (one) => one?.state === "exited" && !(state.terminated && one === last),
  );
  const running = state.running !== undefined && last !== undefined;
  const started = running && view.started.has(last.id);
  // A finished init container has done what it was there for.
  const done = role === "init" && state.terminated?.exitCode === 0;
  const known = previously(view, container.name);
  // The runtime has forgotten it, as after a restart of the machine: its successor counts as a restart.
  const lost = !last && !view.stopped && known?.containerID !== undefined && !known.state?.terminated;
  const lostState = lost && known.state?.running ? { terminated: UNLOCATED } : (known?.lastState ?? {});
  return {
    name: container.name,
    state,
    lastState: ended ? { terminated: terminated(ended) } : lostState,
    ready: role === "app" || role === "sidecar" ? started && view.ready.has(last.id) : done,
    restartCount: last?.restartCount ?? (known?.restartCount ?? 0) + (lost ? 1 : 0),
    image: last?.image || container.image || "",
    imageID: last?.imageRef ?? "",
    ...(last ? { containerID: containerIdOf(last) } : {}),
    started: role === "ephemeral" ? running : started,
    ...(running ? resources(container, last) : {}),
    ...volumeMounts(container),
  };
}

export const containerIdOf = ({ id }: ObservedContainer): string => `containerd://${id}`;

const previously = ({ pod }: StatusView, name: string): ContainerStatus | undefined =>
  statusOfContainer(pod.status, name);

export function statusOfContainer(status: Pod["status"], name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (status) => status.name === name,
  );
}

function stateOf(view: StatusView, member: Member, last: ObservedContainer | undefined): ContainerState {
  const { name } = member.container;
  const hookPending = view.starting.has(name);
  if (last?.state === "running" && !hookPending)
    return { running: { startedAt: formatTime(last.startedAtMs) } };
  if (view.stopped) return last ? { terminated: terminated(last) } : neverFound(view, member);
  const obstacle = obstacleOf(view, name);
  if (last?.state === "exited" && !hookPending) {
    const backoff = view.plan.backingOff.get(name);
    if (backoff)
      return { waiting: { reason: "CrashLoopBackOff", message: crashText(view, name, backoff.delayMs) } };
    if (!obstacle) return { terminated: terminated(last) };
  }
  if (obstacle) return { waiting: { reason: obstacle.reason, message: obstacle.message } };
  return { waiting: { reason: waitingReason(view, member) } };
}

const crashText = ({ pod }: StatusView, name: string, delayMs: number): string =>
  `back-off ${durationText(delayMs)} restarting failed container=${name} pod=${podTitle(pod)}`;

/** 10s, 1m20s, 5m0s. */
function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** Why the container's next start does not succeed. */
function obstacleOf(view: StatusView, name: string): Obstacle | undefined {
  const failure = view.startFailures.get(name);
  if (failure) return failure;
  const image = view.images.get(name);
  return typeof image === "object" ? image : undefined;
}

function waitingReason({ pod, plan }: StatusView, { role }: Member): string {
  const hasInits = (pod.spec.initContainers ?? []).length > 0;
  return hasInits && (role !== "app" || !plan.initialized) ? "PodInitializing" : "ContainerCreating";
}

/** A container of which there is no trace when its pod ends. */
function neverFound(view: StatusView, member: Member): ContainerState {
  const known = previously(view, member.container.name);
  if (known?.state?.terminated) return known.state;
  if (!known?.containerID) return { waiting: { reason: waitingReason(view, member) } };
  return {
    terminated: {
      exitCode: EXIT_CODE_UNKNOWN,
      reason: "ContainerStatusUnknown",
      message: "The container could not be located when the pod was terminated",
    },
  } as ContainerState;
}

function terminated(container: ObservedContainer): NonNullable<ContainerState["terminated"]> {
  const { exitCode, reason, message, startedAtMs, finishedAtMs } = container;
  const time = (at: number) => (at > 0 ? formatTime(at) : undefined);
  return {
    exitCode,
    reason: reason || (exitCode === 0 ? "Completed" : "Error"),
    ...(message ? { message } : {}),
    ...(time(startedAtMs) ? { startedAt: time(startedAtMs)! } : {}),
    ...(time(finishedAtMs) ? { finishedAt: time(finishedAtMs)! } : {}),
    containerID: containerIdOf(container),
  };
}

function resources(container: Container, { enforced }: ObservedContainer): Partial<ContainerStatus> {
  const { requests } = container.resources ?? {};
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    resources: resourcesInForce(container, enforced),
  };
}

function volumeMounts({ volumeMounts: mounts = [] }: Container): Partial<ContainerStatus> {
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
    })),
  };
}
