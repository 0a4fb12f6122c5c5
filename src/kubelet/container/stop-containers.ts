import type { Pod } from "#api/core-v1/pod";
import { logger } from "#base/log";
import type { ObservedContainer } from "../pod/observed.ts";
import { ignoreMissing } from "../pod/pod-runtime.ts";
import type { PodServices } from "../pod/services.ts";
import { type Member, membersOf } from "../pod/spec.ts";
import { runHook } from "./lifecycle-hook.ts";

const log = logger("stop-container");

/** What is left of the grace period after a hook has used it up, in seconds. */
const GRACE_SECONDS_MIN = 2;

export interface StopInput {
  readonly pod: Pod;
  readonly container: ObservedContainer;
  /** For hooks that ask over the network. */
  readonly host: string;
  readonly graceSeconds: number;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
}

/** preStop, then SIGTERM, then SIGKILL, all within the grace period. Gives back when the container has ended. */
export async function stopContainer(services: PodServices, input: StopInput): Promise<void> {
  const { pod, container, host, graceSeconds } = input;
  const { clock, runtime } = services;
  const member = membersOf(pod).find((one) => one.container.name === container.name);
  const hook = member?.container.lifecycle?.preStop;
  const beganMs = clock.monotonic();
  if (member && hook && graceSeconds > 0 && container.state === "running") {
    const target = { runtime, clock, container: member.container, containerId: container.id, host };
    try {
      await runHook(hook, target, { timeoutMs: graceSeconds * 1000 });
    } catch (error) {
      log.info("preStop hook failed", { pod: pod.metadata.name, container: container.name, error });
      input.event("Warning", "FailedPreStopHook", "PreStopHook failed");
    }
  }
  const usedSeconds = Math.floor((clock.monotonic() - beganMs) / 1000);
  const left = hook ? Math.max(GRACE_SECONDS_MIN, graceSeconds - usedSeconds) : graceSeconds;
  await ignoreMissing(runtime.stopContainer(container.id, left));
}

/**
 * Stops what runs of a pod: all containers at once, but each sidecar only after those that may need it, and sidecars
 * in the reverse order of their start.
 */
export async function stopInOrder(
  pod: Pod,
  running: readonly ObservedContainer[],
  stop: (container: ObservedContainer, graceSeconds: number) => Promise<void>,
  { graceSeconds, monotonic }: { readonly graceSeconds: number; readonly monotonic: () => number },
): Promise<void> {
  const beganMs = monotonic();
  const roles = new Map<string, Member["role"]>();
  for (const { role, container } of membersOf(pod)) roles.set(container.name, role);
  const isSidecar = (container: ObservedContainer) => roles.get(container.name) === "sidecar";
  await Promise.all(running.filter((one) => !isSidecar(one)).map((one) => stop(one, graceSeconds)));
  const order = [...roles.keys()];
  const sidecars = running
    .filter(isSidecar)
    .toSorted((a, b) => order.indexOf(b.name) - order.indexOf(a.name));
  for (const sidecar of sidecars) {
    const usedSeconds = Math.floor((monotonic() - beganMs) / 1000);
    await stop(sidecar, Math.max(GRACE_SECONDS_MIN, graceSeconds - usedSeconds));
  }
}
