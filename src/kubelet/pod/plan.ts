/** Decides what a pod needs next, from its spec and what is there. It does nothing itself. */
import type { Pod } from "#api/core-v1/pod";
import { specHash } from "../container/spec-hash.ts";
import type { ObservedContainer, ObservedSandbox } from "./observed.ts";
import { type RestartDelay, restartDueMs } from "./restart-backoff.ts";
import { type Member, isHostNetwork, membersOf, restartsAfter } from "./spec.ts";

/** Why a part of the pod is not there yet. */
export interface Obstacle {
  readonly reason: string;
  readonly message: string;
  /** When to try again, in epoch milliseconds. */
  readonly retryAtMs: number;
}

/** Why a running container must go. */
export interface Verdict {
  readonly why: "liveness" | "startup";
  readonly message: string;
  /** The probe's own grace period. */
  readonly graceSeconds: number | undefined;
}

/** A pod and all that is known about it at one moment. */
export interface PodView {
  readonly pod: Pod;
  /** Newest first. */
  readonly sandboxes: readonly ObservedSandbox[];
  /** Newest first. */
  readonly containers: readonly ObservedContainer[];
  readonly volumes: "absent" | "preparing" | "ready" | Obstacle;
  readonly sandbox: "idle" | "creating" | Obstacle;
  /** By container name: what its next start has at hand. */
  readonly images: ReadonlyMap<string, "checking" | "ready" | Obstacle>;
  /** By container name: a start that failed before the container ran. */
  readonly startFailures: ReadonlyMap<string, Obstacle>;
  /** Names of containers that are being started. */
  readonly starting: ReadonlySet<string>;
  /** IDs of containers that are being stopped. */
  readonly stopping: ReadonlySet<string>;
  readonly restartDelays: ReadonlyMap<string, RestartDelay>;
  /** IDs of containers that run, have passed their startup probe and their postStart hook. */
  readonly started: ReadonlySet<string>;
  /** By container ID. */
  readonly condemned: ReadonlyMap<string, Verdict>;
  /** IDs of sandboxes that were stopped for good. */
  readonly stoppedSandboxes: ReadonlySet<string>;
}

export type Action =
  | { readonly do: "prepare-volumes" }
  | { readonly do: "create-sandbox"; readonly attempt: number }
  /** Everything of a sandbox that is no longer good, before a new one is made. */
  | { readonly do: "stop-sandbox"; readonly sandboxId: string }
  | { readonly do: "check-image"; readonly member: Member }
  | { readonly do: "start"; readonly member: Member; readonly restartCount: number }
  | {
      readonly do: "stop";
      readonly container: ObservedContainer;
      readonly why: "liveness" | "startup" | "changed" | "unknown";
      readonly message: string;
      readonly graceSeconds?: number;
    }
  /** A container that was made, and never started by who made it. */
  | { readonly do: "discard"; readonly container: ObservedContainer };

export interface Plan {
  readonly actions: readonly Action[];
  /** Look again at this time, if nothing else happens before; epoch milliseconds. */
  readonly wakeAtMs: number | undefined;
  /** By container name: it waits to be restarted, for so long in all. */
  readonly backingOff: ReadonlyMap<string, { readonly delayMs: number; readonly dueMs: number }>;
  /** All work is done: nothing runs that should, and nothing will be started again. */
  readonly finished: boolean;
  readonly initialized: boolean;
}

export function planPod(view: PodView, nowMs: number): Plan {
  return new Planner(view, nowMs).plan();
}

class Planner {
  readonly #view: PodView;
  readonly #nowMs: number;
  readonly #actions: Action[] = [];
  readonly #backingOff = new Map<string, { delayMs: number; dueMs: number }>();
  readonly #members: readonly Member[];
  readonly #sandbox: ObservedSandbox | undefined;
  #wakeAtMs: number | undefined;

  constructor(view: PodView, nowMs: number) {
    this.#view = view;
    this.#nowMs = nowMs;
    this.#members = membersOf(view.pod);
    this.#sandbox = usableSandbox(view);
  }

  plan(): Plan {
    const initialized = isInitialized(this.#view, this.#sandbox, this.#members);
    if (this.#isFinished(initialized)) return this.#done(true, initialized);
    const groundReady = this.#planVolumes();
    const sandboxReady = this.#planSandbox();
    const ready = groundReady && sandboxReady;
    if (this.#planInits(initialized, ready)) this.#planApps(ready);
    if (sandboxReady) this.#planEphemerals(ready);
    return this.#done(false, initialized);
  }

  #done(finished: boolean, initialized: boolean): Plan {
    const actions = finished ? [] : this.#actions;
    return {
      actions,
      wakeAtMs: finished ? undefined : this.#wakeAtMs,
      backingOff: this.#backingOff,
      finished,
      initialized,
    };
  }

  /** Nothing is left to run, now or later. Sidecars alone do not keep a pod. */
  #isFinished(initialized: boolean): boolean {
    const { pod } = this.#view;
    for (const member of this.#members) {
      if (member.role !== "init") continue;
      const last = this.#latest(member.container.name);
      const failed = last?.state === "exited" && !restartsAfter(pod, member, last.exitCode);
      if (failed && last.exitCode !== 0 && !initialized) return true;
    }
    const apps = this.#members.filter((member) => member.role === "app");
    return apps.every((member) => {
      if (this.#view.starting.has(member.container.name)) return false;
      const last = this.#latest(member.container.name);
      return last?.state === "exited" && !restartsAfter(pod, member, last.exitCode);
    });
  }

  #planVolumes(): boolean {
    const { volumes } = this.#view;
    if (volumes === "ready") return true;
    if (volumes === "absent" || this.#isDue(volumes)) this.#actions.push({ do: "prepare-volumes" });
    return false;
  }

  #planSandbox(): boolean {
    const { sandbox, sandboxes, stopping, stoppedSandboxes } = this.#view;
    if (this.#sandbox) return true;
    if (sandbox === "creating") return false;
    // What is left of the old sandbox goes first, its network too.
    const stale = sandboxes.find(({ id }) => !stoppedSandboxes.has(id));
    if (stale) {
      if (!stopping.has(stale.id)) this.#actions.push({ do: "stop-sandbox", sandboxId: stale.id });
      return false;
    }
    if (sandbox !== "idle" && !this.#isDue(sandbox)) return false;
    const attempt = sandboxes.length === 0 ? 0 : Math.max(...sandboxes.map((known) => known.attempt)) + 1;
    this.#actions.push({ do: "create-sandbox", attempt });
    return false;
  }

  /** Init containers one after the other; gives whether the others may start. */
  #planInits(initialized: boolean, ready: boolean): boolean {
    for (const member of this.#members) {
      if (member.role !== "init" && member.role !== "sidecar") continue;
      if (member.role === "init" && initialized) continue;
      const current = this.#current(member.container.name);
      if (member.role === "init" && current?.state === "exited" && current.exitCode === 0) continue;
      this.#keepRunning(member, current, ready);
      const goesOn = member.role === "sidecar" && (initialized || this.#hasStarted(current));
      if (!goesOn) return false;
    }
    return true;
  }

  /** In the order of the spec: a container waits for those before it to have been tried. */
  #planApps(ready: boolean): void {
    let inTurn = ready;
    for (const member of this.#members) {
      if (member.role !== "app") continue;
      const current = this.#current(member.container.name);
      this.#keepRunning(member, current, inTurn);
      const image = this.#view.images.get(member.container.name);
      const untried = !current && !this.#view.starting.has(member.container.name);
      if (untried && (image === undefined || image === "checking")) inTurn = false;
    }
  }

  #planEphemerals(ready: boolean): void {
    for (const member of this.#members)
      if (member.role === "ephemeral" && !this.#latest(member.container.name))
        this.#start(member, undefined, ready);
  }

  /** Starts what is missing, replaces what is condemned or outdated, leaves alone what is well. */
  #keepRunning(member: Member, current: ObservedContainer | undefined, ready: boolean): void {
    const { name } = member.container;
    if (this.#view.starting.has(name)) return;
    const last = current ?? this.#latest(name);
    if (!last) return this.#start(member, undefined, ready);
    if (last.state === "exited") {
      if (!current && member.role !== "app") return this.#start(member, last, ready);
      if (restartsAfter(this.#view.pod, member, last.exitCode)) this.#restart(member, last, ready);
      return;
    }
    if (current) this.#check(member, current);
  }

  #check(member: Member, current: ObservedContainer): void {
    if (this.#view.stopping.has(current.id)) return;
    const { name } = member.container;
    const verdict = this.#view.condemned.get(current.id);
    if (current.state === "created") {
      this.#actions.push({ do: "discard", container: current });
    } else if (current.state !== "running") {
      const message = `Container is in unknown state, try killing it before restart`;
      this.#actions.push({ do: "stop", container: current, why: "unknown", message });
    } else if (current.specHash !== "" && current.specHash !== specHash(member.container)) {
      const message = `Container ${name} definition changed, will be restarted`;
      this.#actions.push({ do: "stop", container: current, why: "changed", message });
    } else if (verdict) {
      const { why, graceSeconds } = verdict;
      const outcome = willRestart(this.#view.pod, member) ? ", will be restarted" : "";
      const message = `Container ${name} failed ${why} probe${outcome}`;
      this.#actions.push({ do: "stop", container: current, why, message, graceSeconds });
    }
  }

  #restart(member: Member, last: ObservedContainer, ready: boolean): void {
    const { name } = member.container;
    const delay = this.#view.restartDelays.get(name);
    const dueMs = restartDueMs(delay, last.finishedAtMs);
    if (delay && dueMs !== undefined && dueMs > this.#nowMs) {
      this.#backingOff.set(name, { delayMs: delay.delayMs, dueMs });
      return this.#wakeAt(dueMs);
    }
    this.#start(member, last, ready);
  }

  #start(member: Member, last: ObservedContainer | undefined, ready: boolean): void {
    const { name } = member.container;
    const failure = this.#view.startFailures.get(name);
    if (this.#view.starting.has(name) || (failure && !this.#isDue(failure))) return;
    const image = this.#view.images.get(name);
    if (image === undefined || (image !== "ready" && image !== "checking" && this.#isDue(image)))
      this.#actions.push({ do: "check-image", member });
    else if (image === "ready" && ready)
      this.#actions.push({ do: "start", member, restartCount: this.#nextRestartCount(name, last) });
  }

  /** The API's count goes on where the runtime has forgotten the dead container. */
  #nextRestartCount(name: string, last: ObservedContainer | undefined): number {
    if (last) return last.restartCount + 1;
    const { status } = this.#view.pod;
    const known = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find(
      (candidate) => candidate.name === name,
    );
    return (known?.restartCount ?? 0) + (known?.containerID ? 1 : 0);
  }

  #isDue(obstacle: Obstacle | "preparing" | "creating"): boolean {
    if (typeof obstacle === "string") return false;
    if (obstacle.retryAtMs <= this.#nowMs) return true;
    this.#wakeAt(obstacle.retryAtMs);
    return false;
  }

  #wakeAt(dueMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs ?? Infinity, dueMs);
  }

  /** In the sandbox that counts. */
  #current(name: string): ObservedContainer | undefined {
    return this.#view.containers.find((c) => c.name === name && c.sandboxId === this.#sandbox?.id);
  }

  #latest(name: string): ObservedContainer | undefined {
    return this.#view.containers.find((c) => c.name === name);
  }

  #hasStarted(current: ObservedContainer | undefined): boolean {
    return current?.state === "running" && this.#view.started.has(current.id);
  }
}

const willRestart = (pod: Pod, member: Member): boolean => restartsAfter(pod, member, 137);

/** The newest sandbox, if it is good: ready, with an address, in the network the spec asks for. */
export function usableSandbox({
  pod,
  sandboxes,
}: Pick<PodView, "pod" | "sandboxes">): ObservedSandbox | undefined {
  const newest = sandboxes[0];
  if (!newest?.ready || newest.hostNetwork !== isHostNetwork(pod)) return undefined;
  return newest.hostNetwork || newest.ips.length > 0 ? newest : undefined;
}

/** All regular init containers have done their work in this sandbox, and all sidecars have started. */
function isInitialized(
  { containers, started }: PodView,
  sandbox: ObservedSandbox | undefined,
  members: readonly Member[],
): boolean {
  if (!sandbox) return false;
  const inSandbox = containers.filter((container) => container.sandboxId === sandbox.id);
  const of = (name: string) => inSandbox.find((container) => container.name === name);
  // Once an app container was made, initialization is over: the init containers may be swept away by then.
  if (members.some(({ role, container }) => role === "app" && of(container.name))) return true;
  return members.every(({ role, container }) => {
    const last = of(container.name);
    if (role === "init") return last?.state === "exited" && last.exitCode === 0;
    return role !== "sidecar" || (last?.state === "running" && started.has(last.id));
  });
}
