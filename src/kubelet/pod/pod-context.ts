import type { Pod } from "#api/core-v1/pod";
import { sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import type { PodFacts } from "../container/field-values.ts";
import type { ObservedSandbox } from "./observed.ts";
import { usableSandbox } from "./plan.ts";
import { PodRuntime } from "./pod-runtime.ts";
import type { PodServices } from "./services.ts";
import { isHostNetwork, membersOf } from "./spec.ts";

const log = logger("pod-worker");

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 10_000;

/** What the parts of one pod's worker share: the pod, what is known of it, and how work is done for it. */
export class PodContext {
  readonly services: PodServices;
  readonly scope: Scope;
  readonly runtime: PodRuntime;
  /** The newest object known. */
  pod: Pod;
  readonly #end = new AbortController();
  readonly #wake: () => void;

  constructor(pod: Pod, services: PodServices, scope: Scope, wake: () => void) {
    this.pod = pod;
    this.services = services;
    this.scope = scope;
    this.runtime = new PodRuntime(services, pod.metadata.uid);
    this.#wake = wake;
  }

  get uid(): string {
    return this.pod.metadata.uid;
  }

  /** Aborted when the pod begins to end: nothing of it is to be started any more. */
  get ending(): AbortSignal {
    return this.#end.signal;
  }

  beginEnd(): void {
    this.#end.abort(new Error("the pod is being ended"));
  }

  wake(): void {
    this.#wake();
  }

  in(delayMs: number): number {
    return this.services.clock.now() + delayMs;
  }

  /** The sandbox that counts, if it is good. */
  get sandbox(): ObservedSandbox | undefined {
    return usableSandbox({ pod: this.pod, sandboxes: this.runtime.sandboxes });
  }

  /** The address that answers for the pod. */
  get host(): string {
    const [newest] = this.runtime.sandboxes;
    return (isHostNetwork(this.pod) ? this.services.node.ips[0] : newest?.ips[0]) ?? "127.0.0.1";
  }

  get facts(): PodFacts {
    const { node } = this.services;
    return { hostIPs: node.ips, podIPs: this.sandbox?.ips ?? [], allocatable: node.allocatable() };
  }

  background(work: () => Promise<unknown>): void {
    void this.track(work);
  }

  /** Runs the work; whatever comes of it, the worker looks again. Resolves when it is over. */
  track(work: () => Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.scope.run(async () => {
      try {
        await work();
      } catch (error) {
        if (!this.scope.closed) log.warn("work of a pod failed", { pod: this.pod.metadata.name, error });
      } finally {
        resolve();
        this.#wake();
      }
    });
    if (this.scope.closed) resolve();
    return promise;
  }

  /** Does it again until it goes well, with growing pauses. `what`: for the log, as in "stop the pod". */
  async untilDone(what: string, work: () => Promise<void>): Promise<void> {
    for (let delayMs = RETRY_FIRST_MS; !this.scope.closed; delayMs = Math.min(2 * delayMs, RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        if (this.scope.closed) return;
        log.warn(`could not ${what}, will try again`, { pod: this.pod.metadata.name, error });
        await this.pause(delayMs);
      }
    }
  }

  /** Ends early when the worker does. */
  async pause(delayMs: number): Promise<void> {
    await sleep(this.services.clock, delayMs, { signal: this.scope.signal }).catch(() => undefined);
  }

  /** Tells the user, of the pod or of one of its containers. */
  event(type: "Normal" | "Warning", reason: string, message: string, containerName?: string): void {
    const { events } = this.services;
    if (containerName === undefined) return events.record(this.pod, type, reason, message);
    const { name, namespace, uid, resourceVersion } = this.pod.metadata;
    const fieldPath = `spec.${this.#listOf(containerName)}{${containerName}}`;
    const about = { kind: "Pod", apiVersion: "v1", name, namespace, uid, resourceVersion, fieldPath };
    events.record(about, type, reason, message);
  }

  #listOf(containerName: string): string {
    const role = membersOf(this.pod).find(({ container }) => container.name === containerName)?.role;
    if (role === "app") return "containers";
    return role === "ephemeral" ? "ephemeralContainers" : "initContainers";
  }

  /** `event` for one container. */
  eventsOf(containerName: string) {
    return (type: "Normal" | "Warning", reason: string, message: string): void =>
      this.event(type, reason, message, containerName);
  }
}
