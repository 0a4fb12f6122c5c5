import { readdir } from "node:fs/promises";
import type { Pod } from "#api/core-v1/pod";
import { type CancelTimer } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { ContainerState } from "../cri/container.ts";
import { PodSandboxState } from "../cri/sandbox.ts";
import type { RuntimeEvent } from "../cri/events.ts";
import { removePodDir } from "../volumes/pod-volumes.ts";
import { type Ground, refusalOf, resizeProblemOf } from "./admission.ts";
import { containerIdOf, statusOfContainer } from "./container-status.ts";
import { podsDir } from "./directories.ts";
import { label, type ObservedContainer } from "./observed.ts";
import { ignoreMissing } from "./pod-runtime.ts";
import type { PodSource } from "./pod-source.ts";
import type { ManagedServices, PodServices } from "./services.ts";
import { PodWorker } from "./worker.ts";

const log = logger("pod-manager");

/** Events tell at once; this finds what they have not told. */
const RELIST_MS = 60_000;
/** For containers of pods that no longer exist. */
const ORPHAN_GRACE_SECONDS = 10;

/** All pods of this node, each with its worker. */
export class PodManager {
  readonly #services: PodServices;
  readonly #scope: Scope;
  readonly #workers = new Map<string, PodWorker>();
  readonly #exitListeners = new Map<string, Set<() => void>>();
  readonly #owners = new Map<string, string>();
  readonly #scopes = new Map<string, Scope>();
  #known = new Set<string>();
  /** Who the pods of this node are is known: room can be counted. */
  #allKnown = false;
  #reviewing = false;
  #relistTimer: CancelTimer | undefined;

  constructor(services: Omit<PodServices, ManagedServices>, scope: Scope) {
    this.#scope = scope;
    this.#services = {
      ...services,
      own: (id, uid) => void this.#owners.set(id, uid),
      disown: (id) => void this.#owners.delete(id),
      resizeProblem: (pod) =>
        this.#allKnown ? resizeProblemOf(pod, this.#ground(pod.metadata.uid)) : "unknown",
      roomChanged: () => this.#reviewResizes(),
    };
    scope.defer(() => this.#relistTimer?.());
  }

  get workers(): Iterable<PodWorker> {
    return this.#workers.values();
  }

  get size(): number {
    return this.#workers.size;
  }

  byUid(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  /** The newest pod of this name. */
  find(namespace: string, name: string): PodWorker | undefined {
    let found: PodWorker | undefined;
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.namespace === namespace && metadata.name === name && !(found && worker.hasEnded))
        found = worker;
    }
    return found;
  }

  /** The container of this name that runs, or ran last; with `previous`, the one before it. */
  findContainer(
    { runtime, status }: PodWorker,
    name: string,
    { previous = false }: { readonly previous?: boolean } = {},
  ): ObservedContainer | undefined {
    const made = runtime.containers.filter((container) => container.name === name);
    if (!previous) return made[0];
    // While no successor runs, the container that ended last is the previous one.
    const ended = statusOfContainer(status, name)?.lastState?.terminated?.containerID;
    return made.find((container) => containerIdOf(container) === ended);
  }

  /** Follows the pods of the source; resolves when those that are there have their workers. */
  async run(source: PodSource): Promise<void> {
    this.#known = await this.#listKnown();
    const end = source.handle({
      added: (pod) => this.#add(pod),
      updated: (pod) => this.#update(pod),
      deleted: (pod) => this.#delete(pod),
    });
    this.#scope.defer(end);
    await source.synced;
    this.#allKnown = true;
    this.#reviewResizes();
    this.#scope.run(() => this.#sweepOrphans());
    this.#setRelist();
  }

  /** Calls back once when the runtime tells of the container's end. The answer takes that back. */
  onExit(containerId: string, listener: () => void): () => void {
    const listeners = this.#exitListeners.get(containerId) ?? new Set();
    this.#exitListeners.set(containerId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#exitListeners.delete(containerId);
    };
  }

  heard({ containerId, type }: RuntimeEvent): void {
    if (type === "exit") for (const listener of this.#exitListeners.get(containerId) ?? []) listener();
    const uid = this.#owners.get(containerId);
    if (uid !== undefined) this.#workers.get(uid)?.heard(containerId, type);
  }

  #add(pod: Pod): void {
    const { uid } = pod.metadata;
    if (this.#workers.has(uid)) return this.#update(pod);
    const scope = this.#scope.child();
    const worker = new PodWorker(pod, this.#services, scope, () => this.#forget(uid));
    this.#workers.set(uid, worker);
    this.#scopes.set(uid, scope);
    // What runs already, or was taken before, is not refused in hindsight.
    const known = this.#known.delete(uid);
    const isNew = !known && !pod.status.startTime && !pod.metadata.deletionTimestamp;
    worker.start({ known, refusal: isNew ? refusalOf(pod, this.#ground(uid)) : undefined });
  }

  /** In a moment: many changes are one. */
  #reviewResizes(): void {
    if (this.#reviewing || !this.#allKnown) return;
    this.#reviewing = true;
    queueMicrotask(() => {
      this.#reviewing = false;
      for (const worker of this.#workers.values()) worker.reviewResize();
    });
  }

  #ground(uid: string): Ground {
    const others = [...this.#workers.values()].filter((worker) => worker.uid !== uid && worker.isActive);
    const { node } = this.#services;
    return {
      allocatable: node.allocatable(),
      pressures: node.pressures(),
      others: others.map(({ pod }) => pod),
    };
  }

  #update(pod: Pod): void {
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker) worker.update(pod);
    else this.#add(pod);
  }

  #delete(pod: Pod): void {
    this.#workers.get(pod.metadata.uid)?.removed(pod);
  }

  #forget(uid: string): void {
    this.#workers.delete(uid);
    const scope = this.#scopes.get(uid);
    this.#scopes.delete(uid);
    this.#reviewResizes();
    void scope?.close();
  }

  /** UIDs of the pods that a kubelet before this one has left running. */
  async #listKnown(): Promise<Set<string>> {
    const { runtime, dirs } = this.#services;
    const [sandboxes, containers, directories] = await Promise.all([
      runtime.listSandboxes(),
      runtime.listContainers(),
      readdir(podsDir(dirs)).catch(() => []),
    ]);
    const uids = [...sandboxes, ...containers].map(({ labels }) => labels[label.podUid] ?? "");
    return new Set([...uids.filter(Boolean), ...directories]);
  }

  /** What is left of pods that were deleted while no kubelet ran. */
  async #sweepOrphans(): Promise<void> {
    for (const uid of this.#known) {
      if (this.#workers.has(uid)) continue;
      try {
        await this.#removeOrphan(uid);
        log.info("removed what was left of a pod", { uid });
      } catch (error) {
        log.warn("could not remove what was left of a pod", { uid, error });
      }
    }
    this.#known.clear();
    await this.#services.cgroups.sweep(new Set(this.#workers.keys()));
  }

  async #removeOrphan(uid: string): Promise<void> {
    const { runtime, dirs } = this.#services;
    const filter = { labelSelector: { [label.podUid]: uid } };
    const [sandboxes, containers] = await Promise.all([
      runtime.listSandboxes(filter),
      runtime.listContainers(filter),
    ]);
    await Promise.all(
      containers.map(({ id }) => ignoreMissing(runtime.stopContainer(id, ORPHAN_GRACE_SECONDS))),
    );
    await Promise.all(containers.map(({ id }) => ignoreMissing(runtime.removeContainer(id))));
    for (const { id } of sandboxes) {
      await ignoreMissing(runtime.stopSandbox(id));
      await ignoreMissing(runtime.removeSandbox(id));
    }
    await removePodDir(dirs, uid);
  }

  #setRelist(): void {
    if (this.#scope.closed) return;
    this.#relistTimer = this.#services.clock.after(RELIST_MS, () => {
      this.#scope.run(async () => {
        await this.relist().catch((error: unknown) => log.warn("the runtime could not be listed", { error }));
        this.#setRelist();
      });
    });
  }

  /** Compares what the runtime lists with what the workers know; those that are wrong look again. */
  async relist(): Promise<void> {
    const { runtime } = this.#services;
    const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(), runtime.listContainers()]);
    const listed = new Map<string, Set<string>>();
    const note = (uid: string | undefined, text: string) => {
      if (uid) listed.set(uid, (listed.get(uid) ?? new Set()).add(text));
    };
    for (const { id, labels, state } of sandboxes)
      note(labels[label.podUid], `${id} ${state === PodSandboxState.ready}`);
    for (const { id, labels, state } of containers)
      note(labels[label.podUid], `${id} ${state === ContainerState.running}`);
    for (const worker of this.#workers.values()) {
      const { runtime: known } = worker;
      const believed = new Set([
        ...known.sandboxes.map(({ id, ready }) => `${id} ${ready}`),
        ...known.containers.map(({ id, state }) => `${id} ${state === "running"}`),
      ]);
      if (believed.symmetricDifference(listed.get(worker.uid) ?? new Set()).size > 0) worker.reconsider();
    }
  }
}
