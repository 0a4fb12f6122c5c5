import { asError } from "#base/attempt";
import { logger } from "#base/log";
import { runHook } from "../container/lifecycle-hook.ts";
import { startContainer, StartError } from "../container/start-container.ts";
import { RpcError } from "../cri/connection.ts";
import type { Image } from "../cri/image.ts";
import type { PodVolumes } from "../volumes/pod-volumes.ts";
import type { PodReferences } from "../volumes/references.ts";
import type { ContainerImages } from "./container-images.ts";
import type { ContainerStops } from "./container-stops.ts";
import type { ObservedContainer } from "./observed.ts";
import type { Obstacle } from "./plan.ts";
import type { PodContext } from "./pod-context.ts";
import type { PodSandbox } from "./pod-sandbox.ts";
import { nextRestartDelay, type RestartDelay } from "./restart-backoff.ts";
import { graceSecondsOf, type Member } from "./spec.ts";

const log = logger("pod-worker");

const RETRY_MS = 10_000;

/** What a start is made of. */
export interface StartParts {
  readonly images: ContainerImages;
  readonly sandbox: PodSandbox;
  readonly volumes: PodVolumes;
  readonly references: PodReferences;
  readonly stops: ContainerStops;
}

/** Starts the containers of one pod, one after the other, and remembers how it went. */
export class ContainerStarts {
  readonly #context: PodContext;
  readonly #parts: StartParts;
  readonly #starting = new Set<string>();
  readonly #failures = new Map<string, Obstacle>();
  readonly #delays = new Map<string, RestartDelay>();
  readonly #hooked = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

  constructor(context: PodContext, parts: StartParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Names of containers on their way. */
  get starting(): ReadonlySet<string> {
    return this.#starting;
  }

  /** By container name. */
  get failures(): ReadonlyMap<string, Obstacle> {
    return this.#failures;
  }

  /** By container name. */
  get delays(): ReadonlyMap<string, RestartDelay> {
    return this.#delays;
  }

  /** IDs of containers whose postStart hook is done, if they have one. */
  get hooked(): ReadonlySet<string> {
    return this.#hooked;
  }

  /** Resolves when none is on its way. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  /** What ran when this kubelet began was started by one before it. */
  adopt(running: readonly ObservedContainer[]): void {
    for (const { id } of running) this.#hooked.add(id);
  }

  /** What failed for want of something that the pod names may go well now. */
  forgetConfigFailures(): void {
    for (const [name, { reason }] of this.#failures)
      if (reason === "CreateContainerConfigError") this.#failures.delete(name);
  }

  start(member: Member, restartCount: number): void {
    const { name } = member.container;
    const image = this.#parts.images.take(name);
    if (!image) return;
    this.#starting.add(name);
    this.#failures.delete(name);
    this.#noteRestart(name);
    const before = this.#queue;
    this.#queue = this.#context.track(async () => {
      await before;
      try {
        await this.#startNow(member, restartCount, image);
      } catch (error) {
        if (await this.#hasSandbox()) this.#failed(member, error);
      } finally {
        this.#starting.delete(name);
      }
    });
  }

  #noteRestart(name: string): void {
    const last = this.#context.runtime.containers.find((container) => container.name === name);
    if (last?.state !== "exited") return;
    this.#hooked.delete(last.id);
    const nowMs = this.#context.services.clock.now();
    this.#delays.set(name, nextRestartDelay(this.#delays.get(name), last.finishedAtMs, nowMs));
  }

  async #startNow(member: Member, restartCount: number, image: Image): Promise<void> {
    const { services, pod, facts, runtime, ending, sandbox } = this.#context;
    const { volumes, references } = this.#parts;
    const sandboxConfig = this.#parts.sandbox.config;
    if (ending.aborted || !sandbox || !sandboxConfig) return;
    const started = await startContainer(services, {
      pod,
      member,
      restartCount,
      sandboxId: sandbox.id,
      sandboxConfig,
      image,
      facts,
      volumes,
      references,
      runtime,
      signal: ending,
      event: this.#context.eventsOf(member.container.name),
    });
    if (started?.state === "running") await this.#postStart(member, started);
  }

  async #postStart({ container }: Member, started: ObservedContainer): Promise<void> {
    const { services, host, ending, pod } = this.#context;
    const hook = container.lifecycle?.postStart;
    if (hook) {
      const { runtime, clock } = services;
      try {
        await runHook(hook, { runtime, clock, container, containerId: started.id, host }, { signal: ending });
      } catch (error) {
        if (ending.aborted) return;
        log.info("postStart hook failed", { pod: pod.metadata.name, container: container.name, error });
        this.#context.event("Warning", "FailedPostStartHook", "PostStartHook failed", container.name);
        return this.#parts.stops.stopOne(started, graceSecondsOf(pod), "FailedPostStartHook");
      }
    }
    this.#hooked.add(started.id);
  }

  /** A start that failed because the sandbox went says nothing about the container. */
  async #hasSandbox(): Promise<boolean> {
    const { runtime, pod } = this.#context;
    const [sandbox] = runtime.sandboxes;
    if (!sandbox) return false;
    await runtime.refresh(pod).catch(() => undefined);
    return runtime.sandbox(sandbox.id)?.ready === true;
  }

  #failed({ container: { name } }: Member, error: unknown): void {
    if (this.#context.ending.aborted) return;
    const cause = error instanceof Error ? error.cause : undefined;
    const message = cause instanceof RpcError ? cause.details : asError(error).message;
    const reason = error instanceof StartError ? error.reason : "CreateContainerError";
    this.#context.event("Warning", "Failed", `Error: ${message}`, name);
    if (!(error instanceof StartError))
      log.warn("container could not be started", { container: name, error });
    this.#failures.set(name, { reason, message, retryAtMs: this.#context.in(RETRY_MS) });
  }
}
