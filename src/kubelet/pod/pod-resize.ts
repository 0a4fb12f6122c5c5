import type { Wire } from "#machinery/schema";
import type { LinuxContainerResources } from "../cri/resources.ts";
import { containerResources } from "../resources/linux-resources.ts";
import type { ContainerStops } from "./container-stops.ts";
import type { ObservedContainer } from "./observed.ts";
import type { PodContext } from "./pod-context.ts";
import { type Container, graceSecondsOf, membersOf } from "./spec.ts";

type Resources = Wire<LinuxContainerResources>;

interface Given {
  readonly containerId: string;
  readonly resources: Resources;
}

/** Changes the limits of containers while they run; some only with a restart. */
export class PodResize {
  readonly #context: PodContext;
  readonly #stops: ContainerStops;
  /** By container name: what the running one has. */
  readonly #given = new Map<string, Given>();

  constructor(context: PodContext, stops: ContainerStops) {
    this.#context = context;
    this.#stops = stops;
  }

  sync(): void {
    const { runtime, pod, services } = this.#context;
    for (const { container } of membersOf(pod)) {
      const running = runtime.running.find(({ name }) => name === container.name);
      if (!running) continue;
      const before = this.#given.get(container.name);
      const resources = containerResources(pod, container, services.node.memoryBytes);
      this.#given.set(container.name, { containerId: running.id, resources });
      // A new container has what the spec says, and so has one from before this kubelet.
      if (before?.containerId !== running.id || isSame(before.resources, resources)) continue;
      this.#context.background(() => this.#resize(container, running, before.resources, resources));
    }
  }

  async #resize(container: Container, running: ObservedContainer, before: Resources, now: Resources) {
    const { services, pod } = this.#context;
    if (needsRestart(container, before, now)) {
      const message = `Container ${container.name} resize requires restart`;
      await this.#stops.stopOne(running, graceSecondsOf(pod), message);
      await services.cgroups.ensure(pod);
      return;
    }
    // On the way up the pod's own limit must go first, on the way down its containers' must.
    await services.cgroups.ensure(pod).catch(() => undefined);
    await services.runtime.updateResources(running.id, now);
    await services.cgroups.ensure(pod);
  }
}

const isSame = (a: Resources, b: Resources): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Does the change touch a resource whose policy asks for a restart? */
function needsRestart({ resizePolicy = [] }: Container, before: Resources, now: Resources): boolean {
  const changed: Readonly<Record<string, boolean>> = {
    cpu: before?.cpuShares !== now?.cpuShares || before?.cpuQuota !== now?.cpuQuota,
    memory: before?.memoryLimitInBytes !== now?.memoryLimitInBytes,
  };
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === "RestartContainer" && changed[resourceName],
  );
}
