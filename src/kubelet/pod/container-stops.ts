import { rm } from "node:fs/promises";
import { logger } from "#base/log";
import { stopContainer, stopInOrder } from "../container/stop-containers.ts";
import type { ObservedContainer } from "./observed.ts";
import type { PodContext } from "./pod-context.ts";
import { ignoreMissing } from "./pod-runtime.ts";
import { graceSecondsOf } from "./spec.ts";

const log = logger("pod-worker");

const RETRY_MS = 1_000;
/** Dead containers kept for `kubectl logs --previous` and the last state, for each name. */
const DEAD_KEPT = 1;

/** Takes down containers and sandboxes of one pod, and takes away what is left of them. */
export class ContainerStops {
  readonly #context: PodContext;
  readonly #stopping = new Set<string>();
  readonly #stoppedSandboxes = new Set<string>();

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** IDs of containers and sandboxes that are being taken down or away. */
  get stopping(): ReadonlySet<string> {
    return this.#stopping;
  }

  /** IDs of sandboxes whose network has been taken down. */
  get stoppedSandboxes(): ReadonlySet<string> {
    return this.#stoppedSandboxes;
  }

  stop(container: ObservedContainer, message: string, graceSeconds: number | undefined): void {
    const seconds = graceSeconds ?? graceSecondsOf(this.#context.pod);
    this.#alone(container.id, () => this.stopOne(container, seconds, message));
  }

  /** Takes away a container that never ran. */
  discard(container: ObservedContainer): void {
    this.#alone(container.id, () => this.#context.runtime.remove(container));
  }

  stopSandbox(id: string): void {
    const { runtime, pod, services } = this.#context;
    const message = "Pod sandbox changed, it will be killed and re-created.";
    this.#context.event("Normal", "SandboxChanged", message);
    this.#alone(id, async () => {
      await this.stopAll(
        runtime.running.filter(({ sandboxId }) => sandboxId === id),
        graceSecondsOf(pod),
      );
      await ignoreMissing(services.runtime.stopSandbox(id));
      await runtime.refresh(pod);
      this.#stoppedSandboxes.add(id);
    });
  }

  /** Nothing else is done to it meanwhile. A failure is tried again later. */
  #alone(id: string, work: () => Promise<unknown>): void {
    const { scope, pod } = this.#context;
    this.#stopping.add(id);
    this.#context.background(async () => {
      try {
        await work();
      } catch (error) {
        if (scope.closed) return;
        log.warn("could not stop a part of a pod, will try again", { pod: pod.metadata.name, id, error });
        await this.#context.pause(RETRY_MS);
      } finally {
        this.#stopping.delete(id);
      }
    });
  }

  /** `message`: for the event that says why. */
  async stopOne(container: ObservedContainer, graceSeconds: number, message: string): Promise<void> {
    const { id, name, sandboxId } = container;
    const { services, pod, host, runtime } = this.#context;
    this.#context.event("Normal", "Killing", message, name);
    const isHeld = this.#stopping.has(id);
    this.#stopping.add(id);
    const event = this.#context.eventsOf(name);
    try {
      await stopContainer(services, { pod, container, host, graceSeconds, event });
      await runtime.refreshContainer(pod, id, sandboxId);
    } finally {
      if (!isHeld) this.#stopping.delete(id);
    }
  }

  async stopAll(running: readonly ObservedContainer[], graceSeconds: number): Promise<void> {
    const { pod, services } = this.#context;
    const stop = (container: ObservedContainer, seconds: number) =>
      this.stopOne(container, seconds, `Stopping container ${container.name}`);
    const monotonic = () => services.clock.monotonic();
    await stopInOrder(pod, running, stop, { graceSeconds, monotonic });
  }

  /** Everything that runs of the pod, and its sandboxes. */
  async stopEverything(graceSeconds: number): Promise<void> {
    const { runtime, pod, services } = this.#context;
    await runtime.refresh(pod);
    await this.stopAll(runtime.running, graceSeconds);
    for (const { id } of runtime.sandboxes) await ignoreMissing(services.runtime.stopSandbox(id));
    await runtime.refresh(pod);
  }

  /** The user has lost patience: what is left of the grace period is shorter now. */
  hurry(): void {
    const { runtime, services, pod } = this.#context;
    for (const { id } of runtime.running) {
      const stop = services.runtime.stopContainer(id, graceSecondsOf(pod));
      void stop.catch((error) => log.info("container could not be stopped sooner", { error }));
    }
  }

  /** Takes away what nobody will ask for: older dead containers, and old sandboxes that hold none. */
  prune(): void {
    const { runtime } = this.#context;
    const dead = new Map<string, number>();
    for (const container of runtime.containers) {
      if (container.state !== "exited" || this.#stopping.has(container.id)) continue;
      const count = (dead.get(container.name) ?? 0) + 1;
      dead.set(container.name, count);
      if (count > DEAD_KEPT) this.#alone(container.id, () => this.#removeDead(container));
    }
    for (const { id } of runtime.sandboxes.slice(1)) {
      const used = runtime.containers.some(({ sandboxId }) => sandboxId === id);
      if (!used && !this.#stopping.has(id)) this.#alone(id, () => runtime.removeSandbox(id));
    }
  }

  async #removeDead(container: ObservedContainer): Promise<void> {
    await this.#context.runtime.remove(container);
    if (container.logPath) await rm(container.logPath, { force: true });
  }

  /** All that is left, once nothing runs. */
  async removeEverything(): Promise<void> {
    const { runtime, pod } = this.#context;
    await runtime.refresh(pod);
    await Promise.all(runtime.containers.map((container) => runtime.remove(container)));
    await Promise.all(runtime.sandboxes.map(({ id }) => runtime.removeSandbox(id)));
  }
}
