import { asError } from "#base/attempt";
import { type Enforcement, enforcementOf, isEnforced } from "../resources/enforcement.ts";
import { containerResources, podLimits } from "../resources/linux-resources.ts";
import type { ContainerStops } from "./container-stops.ts";
import type { ObservedContainer } from "./observed.ts";
import type { PodContext } from "./pod-context.ts";
import { type Container, graceSecondsOf, membersOf } from "./spec.ts";

const RETRY_MS = 5_000;

interface Change {
  readonly container: Container;
  readonly running: ObservedContainer;
  readonly from: Enforcement;
  readonly to: Enforcement;
}

/** How a resize goes on that the node has granted. */
export interface ResizeProgress {
  /** Why the last attempt failed. */
  readonly error?: string;
}

/** Brings running containers to the resources that their pod was granted; some only with a restart. */
export class PodResize {
  readonly #context: PodContext;
  readonly #stops: ContainerStops;
  /** By container ID: what it was given last, for where nobody tells what is in force. */
  readonly #given = new Map<string, Enforcement>();
  /** Of the pod as a whole, when it was looked at last. */
  #limits: string | undefined;
  #working = false;
  #error: string | undefined;

  constructor(context: PodContext, stops: ContainerStops) {
    this.#context = context;
    this.#stops = stops;
  }

  /** `undefined`: there is nothing to do. */
  get progress(): ResizeProgress | undefined {
    if (!this.#working) return undefined;
    return this.#error === undefined ? {} : { error: this.#error };
  }

  sync(): void {
    if (this.#working) return;
    const changes = this.#changes();
    const limits = JSON.stringify(podLimits(this.#context.pod));
    const hasMoved = (this.#limits ?? limits) !== limits;
    this.#limits = limits;
    this.#working = changes.length > 0 || hasMoved || this.#error !== undefined;
    if (this.#working) this.#context.background(() => this.#attempt(changes));
  }

  /** What runs with other resources than it should. */
  #changes(): readonly Change[] {
    const { runtime, pod } = this.#context;
    const running = new Map(runtime.running.map((one) => [one.name, one]));
    const ids = new Set(runtime.running.map(({ id }) => id));
    for (const id of this.#given.keys()) if (!ids.has(id)) this.#given.delete(id);
    return membersOf(pod).flatMap(({ container, role }) => {
      const found = running.get(container.name);
      if (!found || role === "ephemeral" || this.#stops.stopping.has(found.id)) return [];
      const to = enforcementOf(container);
      const given = this.#given.get(found.id);
      const from = given ?? found.enforced ?? to;
      if (!given) this.#given.set(found.id, from);
      return isEnforced(from, to) ? [] : [{ container, running: found, from, to }];
    });
  }

  async #attempt(changes: readonly Change[]): Promise<void> {
    try {
      await this.#carryOut(changes);
      this.#error = undefined;
    } catch (error) {
      if (this.#error === undefined) this.#context.wake();
      this.#error = asError(error).message;
      await this.#context.pause(RETRY_MS);
    } finally {
      this.#working = false;
    }
  }

  /** On the way up the pod's own limits must go first, on the way down its containers' must. */
  async #carryOut(changes: readonly Change[]): Promise<void> {
    const { services, pod, ending } = this.#context;
    if (ending.aborted) return;
    await services.cgroups.widen(pod);
    for (const change of changes) await this.#apply(change);
    // When a pod ends its cgroup goes, and must not come back.
    if (!ending.aborted) await services.cgroups.ensure(pod);
  }

  async #apply(change: Change): Promise<void> {
    const { container, running, to } = change;
    const { services, pod, runtime } = this.#context;
    if (needsRestart(change)) {
      const message = `Container ${container.name} resize requires restart`;
      await this.#stops.stopOne(running, graceSecondsOf(pod), message);
      return;
    }
    await this.#checkMemory(change);
    await services.runtime.updateResources(
      running.id,
      containerResources(pod, container, services.node.memoryBytes),
    );
    this.#given.set(running.id, to);
    await runtime.refreshContainer(pod, running.id, running.sandboxId);
  }

  /** A limit below what is in use would not shrink the container: it would kill it. */
  async #checkMemory({ running, from, to }: Change): Promise<void> {
    if (to.memoryBytes === 0 || (from.memoryBytes > 0 && to.memoryBytes >= from.memoryBytes)) return;
    const { services, pod } = this.#context;
    const used = await services.cgroups.containerMemoryBytes(pod, running.id);
    if (used !== undefined && used > to.memoryBytes)
      throw new Error(
        `attempting to set memory limit (${to.memoryBytes}) of container ${running.name} below its usage (${used})`,
      );
  }
}

/** Does the change touch a resource whose policy asks for a restart? */
function needsRestart({ container, from, to }: Change): boolean {
  const changed: Readonly<Record<string, boolean>> = {
    cpu: from.cpuShares !== to.cpuShares || from.cpuQuotaUs !== to.cpuQuotaUs,
    memory: from.memoryBytes !== to.memoryBytes,
  };
  return (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) => restartPolicy === "RestartContainer" && changed[resourceName],
  );
}
