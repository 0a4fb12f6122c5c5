import type { ObservedContainer } from "../pod/observed.ts";
import type { PodManager } from "../pod/pod-manager.ts";
import type { PodWorker } from "../pod/worker.ts";
import type { StreamContainer, StreamTarget, StreamTargets } from "./stream-targets.ts";

/** The pods of a running kubelet, as its server sees them. */
export const podTargets = (pods: PodManager): StreamTargets => ({
  *pods() {
    for (const worker of pods.workers) yield { ...worker.pod, status: worker.status };
  },
  find(namespace, name) {
    const worker = pods.find(namespace, name);
    return worker && targetOf(pods, worker);
  },
});

const targetOf = (pods: PodManager, worker: PodWorker): StreamTarget => ({
  pod: worker.pod,
  sandboxId: worker.runtime.sandboxes.find(({ ready }) => ready)?.id,
  container: (name) => containerOf(pods, pods.findContainer(worker, name)),
  previous: (name) => containerOf(pods, pods.findContainer(worker, name, { previous: true })),
  waitingReason: (name) => waitingReason(worker, name),
});

const containerOf = (pods: PodManager, found: ObservedContainer | undefined): StreamContainer | undefined =>
  found && {
    id: found.id,
    running: found.state === "running",
    logPath: found.logPath,
    onExit(listener) {
      if (found.state === "running") return pods.onExit(found.id, listener);
      listener();
      return () => undefined;
    },
  };

function waitingReason({ status }: PodWorker, name: string): string {
  const all = [
    status.initContainerStatuses,
    status.containerStatuses,
    status.ephemeralContainerStatuses,
  ].flatMap((list) => list ?? []);
  return all.find((container) => container.name === name)?.state?.waiting?.reason ?? "ContainerCreating";
}
