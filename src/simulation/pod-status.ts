/** The status that a node writes for a pod. Pure. */
import type { Pod } from "#api/core-v1/pod";
import { formatTime } from "#machinery/time";
import { isReady, type PodLife, type PodRun } from "./pod-run.ts";

type PodStatus = Pod["status"];
type Condition = NonNullable<PodStatus["conditions"]>[number];
type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];

export function podStatus(pod: Pod, run: PodRun, life: PodLife, hostIP: string, nowMs: number): PodStatus {
  const ready = isReady(run, life, nowMs);
  const finished = run.state.is === "finished";
  const podIP = pod.spec.hostNetwork ? hostIP : run.ip;
  const up = run.state.is !== "waiting";
  return {
    ...pod.status,
    phase: phaseOf(run),
    conditions: conditionsOf(pod.status.conditions ?? [], { ready, finished, up }, nowMs),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(up ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: pod.status.startTime ?? formatTime(run.seenMs),
    ...(pod.spec.initContainers?.length ? { initContainerStatuses: initStatuses(pod, run) } : {}),
    containerStatuses: pod.spec.containers.map(({ name, image = "" }) => ({
      name,
      ...stateOf(run),
      ready,
      restartCount: run.restarts,
      image,
      imageID: up ? image : "",
      ...(up ? { containerID: `simulated://${pod.metadata.uid}/${name}/${run.restarts}` } : {}),
      started: run.state.is === "running",
    })),
  } as PodStatus;
}

function phaseOf({ state, lastExit }: PodRun): string {
  if (state.is === "waiting") return "Pending";
  if (state.is === "finished") return lastExit?.code === 0 ? "Succeeded" : "Failed";
  return "Running";
}

function stateOf({ state, lastExit }: PodRun): Pick<ContainerStatus, "state" | "lastState"> {
  const exit = lastExit && {
    terminated: {
      exitCode: lastExit.code,
      reason: lastExit.code === 0 ? "Completed" : "Error",
      startedAt: formatTime(lastExit.startedMs),
      finishedAt: formatTime(lastExit.atMs),
    },
  };
  switch (state.is) {
    case "waiting":
      return { state: { waiting: { reason: "ContainerCreating" } }, lastState: {} };
    case "crashed":
      return { state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: exit ?? {} };
    case "running":
      return { state: { running: { startedAt: formatTime(state.sinceMs) } }, lastState: exit ?? {} };
    case "finished":
      return { state: exit ?? {}, lastState: {} };
  }
}

const initStatuses = (pod: Pod, { state }: PodRun) =>
  pod.spec.initContainers?.map(({ name, image = "" }) => ({
    name,
    state:
      state.is === "waiting"
        ? { waiting: { reason: "PodInitializing" } }
        : { terminated: { exitCode: 0, reason: "Completed" } },
    lastState: {},
    ready: state.is !== "waiting",
    restartCount: 0,
    image,
    imageID: "",
  }));

interface Facts {
  readonly ready: boolean;
  readonly finished: boolean;
  readonly up: boolean;
}

/** Conditions of others, such as PodScheduled, stay as they are. */
function conditionsOf(before: readonly Condition[], { ready, finished, up }: Facts, nowMs: number) {
  const reason = finished ? "PodCompleted" : "ContainersNotReady";
  const why = ready ? {} : { reason };
  const own = [
    { type: "PodReadyToStartContainers", status: up && !finished ? "True" : "False" },
    { type: "Initialized", status: up ? "True" : "False" },
    { type: "Ready", status: ready ? "True" : "False", ...why },
    { type: "ContainersReady", status: ready ? "True" : "False", ...why },
  ];
  const now = formatTime(nowMs);
  const made = own.map((condition): Condition => {
    const known = before.find(({ type }) => type === condition.type);
    const since = known?.status === condition.status ? known.lastTransitionTime : now;
    return { ...condition, lastProbeTime: null, lastTransitionTime: since };
  });
  return [...before.filter(({ type }) => !made.some((one) => one.type === type)), ...made];
}
