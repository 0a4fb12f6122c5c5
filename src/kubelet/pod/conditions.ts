import type { Pod } from "#api/core-v1/pod";
import { formatTime } from "#machinery/time";
import { usableSandbox } from "./plan.ts";
import type { StatusView } from "./container-status.ts";
import type { ContainerStatus, PodCondition, PodStatus } from "./spec.ts";

interface Findings {
  readonly view: StatusView;
  readonly phase: PodStatus["phase"];
  readonly apps: readonly ContainerStatus[];
  readonly inits: readonly ContainerStatus[];
  readonly initialized: boolean;
}

type Verdict = Pick<PodCondition, "status"> & { readonly reason?: string; readonly message?: string };

/** The kubelet's own that are there only as long as they hold. */
export const PASSING_CONDITIONS = ["PodResizePending", "PodResizeInProgress"] as const;

const TRUE: Verdict = { status: "True" };
const no = (reason: string, message?: string): Verdict => ({
  status: "False",
  reason,
  ...(message ? { message } : {}),
});

/** The kubelet's own conditions, in their usual order, and after them what others have said. */
export function podConditions(findings: Findings, nowMs: number): readonly PodCondition[] {
  const { pod } = findings.view;
  const own: readonly (readonly [string, Verdict])[] = [
    ["PodReadyToStartContainers", usableSandbox(findings.view) ? TRUE : { status: "False" }],
    ["Initialized", initialized(findings)],
    ["Ready", ready(findings)],
    ["ContainersReady", containersReady(findings)],
    ["PodScheduled", TRUE],
    ...resizing(findings.view),
  ];
  const before = pod.status.conditions ?? [];
  const names = new Set([...own.map(([type]) => type), ...PASSING_CONDITIONS]);
  return [
    ...own.map(([type, verdict]) => condition(pod, type, verdict, nowMs)),
    ...before.filter(({ type }) => !names.has(type)),
  ];
}

function* resizing({ resize }: StatusView): Iterable<readonly [string, Verdict]> {
  const { problem, progress } = resize ?? {};
  if (problem) yield ["PodResizePending", { status: "True", ...problem }];
  if (!progress) return;
  const { error } = progress;
  yield [
    "PodResizeInProgress",
    error === undefined ? TRUE : { status: "True", reason: "Error", message: error },
  ];
}

/** Keeps the time of the last change where the status is still the same. */
function condition(pod: Pod, type: string, verdict: Verdict, nowMs: number): PodCondition {
  const before = pod.status.conditions?.find((known) => known.type === type);
  const same = before?.status === verdict.status;
  return {
    type,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    lastTransitionTime: (same && before?.lastTransitionTime) || formatTime(nowMs),
    ...verdict,
  };
}

function initialized({ view, phase, inits, initialized: done }: Findings): Verdict {
  if (inits.length === 0 || done) return TRUE;
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  const sidecars = sidecarNames(view.pod);
  // A sidecar has to run, the others have to end well.
  const open = inits.filter(({ name, started, ready: isDone }) => !(sidecars.has(name) ? started : isDone));
  return open.length === 0
    ? TRUE
    : no("ContainersNotInitialized", `containers with incomplete status: ${listed(open)}`);
}

function containersReady({ phase, apps, inits, view }: Findings): Verdict {
  if (phase === "Succeeded") return no("PodCompleted");
  if (phase === "Failed") return no("PodFailed");
  const names = sidecarNames(view.pod);
  const sidecars = inits.filter(({ name }) => names.has(name));
  const unready = [...sidecars, ...apps].filter((status) => !status.ready);
  return unready.length === 0
    ? TRUE
    : no("ContainersNotReady", `containers with unready status: ${listed(unready)}`);
}

/** Ready when the containers are, and everything that the readiness gates name. */
function ready(findings: Findings): Verdict {
  const containers = containersReady(findings);
  if (containers.status !== "True") return containers;
  const { spec, status } = findings.view.pod;
  const complaints: string[] = [];
  for (const { conditionType } of spec.readinessGates ?? []) {
    const gate = status.conditions?.find(({ type }) => type === conditionType);
    if (!gate)
      complaints.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== "True")
      complaints.push(
        `the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`,
      );
  }
  return complaints.length === 0 ? TRUE : no("ReadinessGatesNotReady", complaints.join(", "));
}

const sidecarNames = ({ spec }: Pod): ReadonlySet<string> =>
  new Set((spec.initContainers ?? []).flatMap((one) => (one.restartPolicy === "Always" ? [one.name] : [])));

const listed = (statuses: readonly ContainerStatus[]): string =>
  `[${statuses.map(({ name }) => name).join(" ")}]`;
