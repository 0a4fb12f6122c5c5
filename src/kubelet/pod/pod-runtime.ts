import { sleep } from "#base/clock";
import type { Pod } from "#api/core-v1/pod";
import { qosClassOf } from "#api/core-v1/podresources";
import { containerDir, podLogDir } from "./directories.ts";
import { terminationLogPath } from "../container/container-config.ts";
import { terminationMessage } from "../container/termination-message.ts";
import type { ContainerStatus } from "../cri/container.ts";
import { enforcementOf, enforcementSaid } from "../resources/enforcement.ts";
import { isRpcNotFound } from "../cri/connection.ts";
import {
  label,
  observeContainer,
  type ObservedContainer,
  type ObservedSandbox,
  observeSandbox,
} from "./observed.ts";
import type { PodServices } from "./services.ts";
import { membersOf } from "./spec.ts";

/** The runtime says that a container has ended a moment after its event; how long to wait for it, in all. */
const EXIT_WAITS_MS = [3, 10, 30, 50, 100, 250, 500, 1000, 1000] as const;

const OOM_KILLED = "OOMKilled";

/** What is known of one pod's sandboxes and containers. It asks the runtime only about what may have changed. */
export class PodRuntime {
  readonly #services: PodServices;
  readonly #uid: string;
  readonly #sandboxes = new Map<string, ObservedSandbox>();
  readonly #containers = new Map<string, ObservedContainer>();
  readonly #endedIds = new Set<string>();
  readonly #oomIds = new Set<string>();
  #sorted: { sandboxes: readonly ObservedSandbox[]; containers: readonly ObservedContainer[] } | undefined;

  constructor(services: PodServices, uid: string) {
    this.#services = services;
    this.#uid = uid;
  }

  /** Newest first. */
  get sandboxes(): readonly ObservedSandbox[] {
    return this.#order().sandboxes;
  }

  /** Newest first. */
  get containers(): readonly ObservedContainer[] {
    return this.#order().containers;
  }

  get running(): readonly ObservedContainer[] {
    return this.containers.filter(({ state }) => state === "running" || state === "unknown");
  }

  container(id: string): ObservedContainer | undefined {
    return this.#containers.get(id);
  }

  sandbox(id: string): ObservedSandbox | undefined {
    return this.#sandboxes.get(id);
  }

  #order() {
    this.#sorted ??= {
      sandboxes: [...this.#sandboxes.values()].toSorted(
        (a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt,
      ),
      containers: [...this.#containers.values()].toSorted(
        (a, b) => b.createdAtMs - a.createdAtMs || b.restartCount - a.restartCount,
      ),
    };
    return this.#sorted;
  }

  /** Everything there is, from scratch. */
  async refresh(pod: Pod): Promise<void> {
    const filter = { labelSelector: { [label.podUid]: this.#uid } };
    const { runtime } = this.#services;
    // What is made meanwhile is not in the lists, and is no less there.
    const before = [...this.#sandboxes.keys(), ...this.#containers.keys()];
    const [sandboxes, containers] = await Promise.all([
      runtime.listSandboxes(filter),
      runtime.listContainers(filter),
    ]);
    const ids = new Set([...sandboxes, ...containers].map(({ id }) => id));
    for (const id of before) if (!ids.has(id)) this.#forget(id);
    await Promise.all([
      ...sandboxes.map(({ id }) => this.refreshSandbox(id)),
      ...containers.map(({ id, podSandboxId }) => this.refreshContainer(pod, id, podSandboxId)),
    ]);
  }

  async refreshSandbox(id: string): Promise<ObservedSandbox | undefined> {
    const status = await ignoreMissing(this.#services.runtime.sandboxStatus(id));
    if (!status) return void this.#forget(id);
    const observed = observeSandbox(status);
    this.#sandboxes.set(id, observed);
    this.#sorted = undefined;
    this.#services.own(id, this.#uid);
    return observed;
  }

  async refreshContainer(pod: Pod, id: string, sandboxId: string): Promise<ObservedContainer | undefined> {
    const status = await ignoreMissing(this.#services.runtime.containerStatus(id));
    if (!status) return void this.#forget(id);
    let observed = observeContainer(sandboxId, status);
    const before = this.#containers.get(id);
    if (observed.state === "exited") {
      if (before?.state === "exited") observed = { ...observed, message: before.message };
      else {
        observed = await this.#withMessage(pod, observed);
        await this.#askKernel(observed);
      }
    }
    if (observed.state === "running")
      observed = { ...observed, ...(await this.#enforcedFor(pod, observed, status)) };
    // Its end may have been read while this was: what has ended does not run again.
    const latest = this.#containers.get(id);
    if (observed.state !== "exited" && latest?.state === "exited") return latest;
    observed = this.#withReason(observed);
    this.#containers.set(id, observed);
    this.#sorted = undefined;
    this.#services.own(id, this.#uid);
    return observed;
  }

  /** The runtime's word, else the kernel's. Nothing limits what a BestEffort pod does. */
  async #enforcedFor(
    pod: Pod,
    { id, name }: ObservedContainer,
    { resources }: ContainerStatus,
  ): Promise<Pick<ObservedContainer, "enforced">> {
    const container = membersOf(pod).find((member) => member.container.name === name)?.container;
    if (!container || qosClassOf(pod.spec) === "BestEffort") return {};
    const said = enforcementSaid(resources?.linux);
    const enforced = said ?? (await this.#services.cgroups.enforced(pod, id, enforcementOf(container)));
    return enforced ? { enforced } : {};
  }

  /** Has an event said that it ended, be it before the runtime's record of it was read? */
  hasEnded(id: string): boolean {
    return this.#endedIds.has(id);
  }

  /** After an event said that it ended: the runtime's own record follows at once, or a moment later. */
  async awaitExit(pod: Pod, id: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#endedIds.add(id);
    for (const waitMs of EXIT_WAITS_MS) {
      if (this.#sandboxes.has(id)) {
        const sandbox = await this.refreshSandbox(id);
        if (!sandbox?.ready) return;
      } else {
        const known = this.#containers.get(id);
        if (!known || known.state === "exited") return;
        const now = await this.refreshContainer(pod, id, known.sandboxId);
        if (!now || now.state === "exited") return;
      }
      await sleep(this.#services.clock, waitMs, { signal });
    }
  }

  /** The runtime has told so, be it after the container's end. Says whether what is known of it has changed. */
  ranOutOfMemory(id: string): boolean {
    const known = this.#containers.get(id);
    if (!known) return false;
    this.#oomIds.add(id);
    const told = this.#withReason(known);
    if (told === known) return false;
    this.#containers.set(id, told);
    this.#sorted = undefined;
    return true;
  }

  /** The runtime does not always tell of a kill for want of memory. */
  async #askKernel({ id, exitCode }: ObservedContainer): Promise<void> {
    if (exitCode !== 0 && (await this.#services.oomKills.has(id))) this.#oomIds.add(id);
  }

  #withReason(observed: ObservedContainer): ObservedContainer {
    const { id, state, exitCode, reason } = observed;
    const isOom = this.#oomIds.has(id) && state === "exited" && exitCode !== 0;
    return isOom && reason !== OOM_KILLED ? { ...observed, reason: OOM_KILLED } : observed;
  }

  async #withMessage(pod: Pod, observed: ObservedContainer): Promise<ObservedContainer> {
    const member = membersOf(pod).find(({ container }) => container.name === observed.name);
    if (!member) return observed;
    const { dirs } = this.#services;
    const dir = containerDir(dirs, this.#uid, observed.name);
    const messageFile = terminationLogPath(dir, observed.restartCount);
    const logFile =
      observed.logPath || `${podLogDir(dirs, pod)}/${observed.name}/${observed.restartCount}.log`;
    const said = await terminationMessage(member.container, observed.exitCode, messageFile, logFile);
    return { ...observed, message: said || observed.message };
  }

  /** Takes a dead container away. */
  async remove(container: ObservedContainer): Promise<void> {
    await ignoreMissing(this.#services.runtime.removeContainer(container.id));
    this.#forget(container.id);
  }

  async removeSandbox(id: string): Promise<void> {
    const { runtime } = this.#services;
    await ignoreMissing(runtime.stopSandbox(id));
    await ignoreMissing(runtime.removeSandbox(id));
    this.#forget(id);
    for (const container of this.containers) if (container.sandboxId === id) this.#forget(container.id);
  }

  #forget(id: string): void {
    this.#sandboxes.delete(id);
    this.#containers.delete(id);
    this.#endedIds.delete(id);
    this.#oomIds.delete(id);
    this.#sorted = undefined;
    this.#services.disown(id);
  }

  /** All of it is gone from this node. */
  forgetAll(): void {
    for (const id of [...this.#sandboxes.keys(), ...this.#containers.keys()]) this.#forget(id);
  }
}

export async function ignoreMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isRpcNotFound(error)) return undefined;
    throw error;
  }
}
