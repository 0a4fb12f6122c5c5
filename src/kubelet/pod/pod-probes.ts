import { ContainerProbes } from "../probes/container-probes.ts";
import { containerIdOf } from "./container-status.ts";
import type { ObservedContainer } from "./observed.ts";
import type { Verdict } from "./plan.ts";
import type { PodContext } from "./pod-context.ts";
import { membersOf } from "./spec.ts";

/** The probes of one pod: they come and go with its running containers. */
export class PodProbes {
  readonly #context: PodContext;
  readonly #byId = new Map<string, ContainerProbes>();

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** IDs of containers that have passed their startup probe. */
  get started(): ReadonlySet<string> {
    return this.#idsWhere(({ started }) => started);
  }

  get ready(): ReadonlySet<string> {
    return this.#idsWhere(({ ready }) => ready);
  }

  /** By container ID: why it must be restarted. */
  get condemned(): ReadonlyMap<string, Verdict> {
    const verdicts = new Map<string, Verdict>();
    for (const [id, { verdict }] of this.#byId) if (verdict) verdicts.set(id, verdict);
    return verdicts;
  }

  #idsWhere(holds: (probes: ContainerProbes) => boolean): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const [id, probes] of this.#byId) if (holds(probes)) ids.add(id);
    return ids;
  }

  /** `hooked`: IDs of containers that are far enough to be probed. */
  sync(hooked: ReadonlySet<string>): void {
    const running = new Map(this.#context.runtime.running.map((container) => [container.name, container]));
    const ids = new Set([...running.values()].map(({ id }) => id));
    for (const [id, probes] of this.#byId) {
      if (ids.has(id)) continue;
      probes.stop();
      this.#byId.delete(id);
    }
    for (const { container } of membersOf(this.#context.pod)) {
      const observed = running.get(container.name);
      if (!observed || this.#byId.has(observed.id) || !hooked.has(observed.id)) continue;
      const { services, host } = this.#context;
      const { runtime, clock } = services;
      const before = this.#before(observed);
      const probes = new ContainerProbes(
        { container, observed, host, runtime, clock, before },
        {
          changed: () => this.#context.wake(),
          unhealthy: ({ name }, kind, output) => {
            const title = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
            this.#context.event("Warning", "Unhealthy", `${title} probe failed: ${output}`, name);
          },
        },
      );
      this.#byId.set(observed.id, probes);
    }
  }

  /** What the status said of this very container, before this kubelet began. */
  #before(observed: ObservedContainer): { started: boolean; ready: boolean } | undefined {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#context.pod.status;
    const id = containerIdOf(observed);
    const known = [...containerStatuses, ...initContainerStatuses].find(
      ({ containerID }) => containerID === id,
    );
    return known && { started: known.started === true, ready: known.ready };
  }

  /** From now on nothing is restarted; who is ready is still asked. */
  stopJudging(): void {
    for (const probes of this.#byId.values()) probes.stopJudging();
  }

  stop(): void {
    for (const probes of this.#byId.values()) probes.stop();
    this.#byId.clear();
  }
}
