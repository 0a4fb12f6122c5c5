import { rm } from "node:fs/promises";
import { Pod } from "#api/core-v1/pod";
import type { CancelTimer } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { isAtLeast } from "#client/resource-version";
import { hasReason } from "#machinery/status";
import { parseTime } from "#machinery/time";
import type { RuntimeEvent } from "../cri/events.ts";
import { removePodDir } from "../volumes/pod-volumes.ts";
import type { PodReferences } from "../volumes/references.ts";
import { hasSameResources, PodAllocation } from "./allocation.ts";
import type { Refusal } from "./admission.ts";
import { ContainerImages } from "./container-images.ts";
import { ContainerStarts } from "./container-starts.ts";
import { ContainerStops } from "./container-stops.ts";
import { podLogDir } from "./directories.ts";
import { type Action, type Plan, planPod, type PodView } from "./plan.ts";
import { PodContext } from "./pod-context.ts";
import { PodProbes } from "./pod-probes.ts";
import { PodResize } from "./pod-resize.ts";
import type { PodRuntime } from "./pod-runtime.ts";
import { PodSandbox } from "./pod-sandbox.ts";
import { PodStorage } from "./pod-storage.ts";
import type { PodServices } from "./services.ts";
import { graceSecondsOf, type PodStatus } from "./spec.ts";
import { StatusWriter } from "./status-writer.ts";
import { podStatus, type PodStatusView } from "./status.ts";

const log = logger("pod-worker");

/** After a pass that failed, for a reason that nobody foresaw, the next one waits so long. */
const FAILED_PASS_MS = 10_000;

/** Why a pod is ended. */
export type End =
  | { readonly why: "deleted" }
  /** Its object is gone from the API already. */
  | { readonly why: "removed" }
  /** Its containers have ended, for good. */
  | { readonly why: "finished" }
  | {
      readonly why: "failed";
      readonly reason: string;
      readonly message: string;
      readonly graceSeconds?: number;
    };

type Stage = "running" | "ending" | "ended";

/**
 * Makes one pod real on this node and keeps its status true. Every change around it wakes it: it looks, decides with
 * `planPod`, and starts what is to be done in the background; the end of that wakes it again.
 */
export class PodWorker {
  readonly uid: string;
  readonly #services: PodServices;
  readonly #scope: Scope;
  readonly #context: PodContext;
  readonly #writer: StatusWriter;
  readonly #references: PodReferences;
  readonly #storage: PodStorage;
  readonly #sandbox: PodSandbox;
  readonly #images: ContainerImages;
  readonly #stops: ContainerStops;
  readonly #starts: ContainerStarts;
  readonly #probes: PodProbes;
  readonly #resize: PodResize;
  readonly #allocation: PodAllocation;
  readonly #acceptedAtMs: number;
  readonly #onGone: () => void;

  #wasKnown = false;
  #wasSeenRunning = false;
  /** It knows what ran before it began, and may act. */
  #begun = false;
  /** The API said when it began that the pod is over: nothing of it is started again, and its status stays. */
  #wasOver = false;
  #stage: Stage = "running";
  #end: End | undefined;
  #ended: Promise<void> | undefined;
  /** Nothing of it runs any more. */
  #stopped = false;
  #deleting = false;
  #plan: Plan | undefined;
  #awake = false;
  #timer: CancelTimer | undefined;

  /** `onGone`: nothing of the pod is left, neither here nor in the API. */
  constructor(pod: Pod, services: PodServices, scope: Scope, onGone: () => void) {
    this.uid = pod.metadata.uid;
    this.#services = services;
    this.#scope = scope;
    this.#onGone = onGone;
    this.#acceptedAtMs = services.clock.now();
    this.#allocation = new PodAllocation(pod, (wanted) => services.resizeProblem(wanted));
    const context = new PodContext(this.#allocation.pod, services, scope, () => this.wake());
    this.#context = context;
    this.#references = services.references.of(pod, () => this.#referenceChanged());
    this.#storage = new PodStorage(context, this.#references);
    this.#sandbox = new PodSandbox(context);
    this.#images = new ContainerImages(context, this.#references);
    this.#stops = new ContainerStops(context);
    this.#starts = new ContainerStarts(context, {
      images: this.#images,
      sandbox: this.#sandbox,
      volumes: this.#storage.volumes,
      references: this.#references,
      stops: this.#stops,
    });
    this.#probes = new PodProbes(context);
    this.#resize = new PodResize(context, this.#stops);
    this.#writer = new StatusWriter(services, scope.signal, (written) => this.update(written));
    scope.defer(() => this.#dispose());
  }

  get pod(): Pod {
    return this.#context.pod;
  }

  /** What is there of it on this node. */
  get runtime(): PodRuntime {
    return this.#context.runtime;
  }

  get hasEnded(): boolean {
    return this.#stage === "ended";
  }

  /** It takes up room: it is not over, and not on its way out for good. */
  get isActive(): boolean {
    return this.#stage !== "ended" && !this.#wasOver && this.#end?.why !== "failed";
  }

  /** What the pod's status should be by now. */
  get status(): PodStatus {
    return this.#plan ? podStatus(this.#statusView(this.#plan), this.#services.clock.now()) : this.pod.status;
  }

  /** Begins; with `known`, after it has asked the runtime what is there already. A refused pod fails at once. */
  start({ known, refusal }: { readonly known: boolean; readonly refusal?: Refusal }): void {
    const { phase } = this.pod.status;
    this.#wasOver = phase === "Succeeded" || phase === "Failed";
    this.#wasKnown = known;
    if (refusal && !this.#wasOver) this.evict(refusal.reason, refusal.message);
    this.#context.background(async () => {
      if (known) {
        await this.#context.untilDone("look at what runs", () => this.runtime.refresh(this.pod));
        this.#starts.adopt(this.runtime.running);
        await this.#sandbox.restore();
      }
      this.#begun = true;
    });
  }

  /** The API's object has changed. */
  update(pod: Pod): void {
    const before = this.pod;
    const { resourceVersion } = pod.metadata;
    const isNews = resourceVersion !== before.metadata.resourceVersion;
    if (!isNews || !isAtLeast(resourceVersion, before.metadata.resourceVersion)) return;
    this.#allocation.take(pod);
    this.#context.pod = this.#allocation.pod;
    if (!hasSameResources(before, this.pod)) this.#services.roomChanged();
    if (this.#stage === "ending" && graceSecondsOf(pod) < graceSecondsOf(before)) this.#stops.hurry();
    if (selfDescription(before) !== selfDescription(pod)) this.#storage.refresh();
    this.wake();
  }

  /** There may be room for what the pod asks for. */
  reviewResize(): void {
    if (!this.#allocation.isOpen || this.#stage !== "running") return;
    this.#allocation.review();
    this.#context.pod = this.#allocation.pod;
    this.wake();
  }

  /** The API has no such pod any more: whatever is left of it goes. */
  removed(last: Pod): void {
    this.#context.pod = last;
    if (this.#stage === "ending") this.#stops.hurry();
    if (this.#stage === "running") this.#beginEnd({ why: "removed" });
    else if (this.#end?.why === "finished" || this.#end?.why === "failed") this.#end = { why: "removed" };
    this.#context.background(async () => {
      await this.#ended;
      await this.#context.untilDone("remove the pod", () => this.#sweep());
      this.#onGone();
    });
  }

  /** Ends the pod for a reason of the node's. It stays as it is in the API, as failed. */
  evict(reason: string, message: string, graceSeconds?: number): void {
    if (this.#stage !== "running") return;
    this.#context.event("Warning", reason, message);
    this.#beginEnd({ why: "failed", reason, message, graceSeconds });
  }

  /** The runtime has an event of one of the pod's containers or sandboxes. */
  heard(id: string, type: RuntimeEvent["type"]): void {
    if (type === "oom") {
      // A process of it was killed; its own end, if that is it, is told apart.
      if (this.runtime.ranOutOfMemory(id)) this.wake();
      return;
    }
    // Whoever stops it looks at it afterwards.
    if (this.#stops.stopping.has(id) || (this.#stage !== "running" && this.runtime.sandbox(id))) return;
    const { signal } = this.#scope;
    this.#context.background(() => this.runtime.awaitExit(this.pod, id, { signal }));
  }

  /** What the runtime lists does not fit with what is known. */
  reconsider(): void {
    this.#context.background(() => this.runtime.refresh(this.pod));
  }

  /** Looks and decides, in a moment; many calls are one. */
  wake(): void {
    if (this.#awake || !this.#begun || this.#scope.closed) return;
    this.#awake = true;
    queueMicrotask(() => {
      this.#awake = false;
      if (!this.#scope.closed) this.#tryPass();
    });
  }

  /** What goes wrong with one pod must not end the agent of all. */
  #tryPass(): void {
    try {
      this.#pass();
    } catch (error) {
      const { namespace, name } = this.pod.metadata;
      log.error("pod pass failed", { namespace, pod: name, error });
      this.#timer?.();
      this.#timer = this.#services.clock.after(FAILED_PASS_MS, () => this.wake());
    }
  }

  #pass(): void {
    const nowMs = this.#services.clock.now();
    if (this.#stage === "running" && this.pod.metadata.deletionTimestamp) this.#beginEnd({ why: "deleted" });
    else if (this.#stage === "running" && this.#wasOver) this.#beginEnd({ why: "finished" });
    if (this.#stage === "running") this.#probes.sync(this.#starts.hooked);
    const plan = planPod(this.#view(), nowMs);
    this.#plan = plan;
    if (this.#stage === "running") this.#carryOut(plan, nowMs);
    if (!this.#wasOver) this.#tell(podStatus(this.#statusView(plan), nowMs), nowMs);
    if (this.#stage === "ended") this.#deleteObject();
  }

  #carryOut(plan: Plan, nowMs: number): void {
    for (const action of plan.actions) this.#act(action);
    this.#resize.sync();
    this.#stops.prune();
    const deadlineMs = this.#deadlineMs();
    this.#setTimer(plan.wakeAtMs, deadlineMs);
    if (deadlineMs !== undefined && deadlineMs <= nowMs) {
      const message = "Pod was active on the node longer than the specified deadline";
      this.#beginEnd({ why: "failed", reason: "DeadlineExceeded", message });
    } else if (plan.finished && this.#starts.starting.size === 0) {
      this.#beginEnd({ why: "finished" });
    }
  }

  #act(action: Action): void {
    switch (action.do) {
      case "prepare-volumes":
        return this.#storage.prepare();
      case "create-sandbox":
        return this.#sandbox.create(action.attempt);
      case "stop-sandbox":
        return this.#stops.stopSandbox(action.sandboxId);
      case "check-image":
        return this.#images.check(action.member);
      case "start":
        return this.#starts.start(action.member, action.restartCount);
      case "stop":
        return this.#stops.stop(action.container, action.message, action.graceSeconds);
      case "discard":
        return this.#stops.discard(action.container);
    }
  }

  #tell(status: PodStatus, nowMs: number): void {
    this.#writer.want(this.pod, status);
    if (status.phase !== "Running" || this.#wasSeenRunning) return;
    this.#wasSeenRunning = true;
    // Of a pod that ran before this kubelet, the start is not known.
    if (!this.#wasKnown) this.#services.metrics.podStarted((nowMs - this.#acceptedAtMs) / 1000);
  }

  #view(): PodView {
    return {
      pod: this.pod,
      sandboxes: this.runtime.sandboxes,
      containers: this.runtime.containers,
      volumes: this.#storage.state,
      sandbox: this.#sandbox.state,
      images: this.#images.states,
      startFailures: this.#starts.failures,
      starting: this.#starts.starting,
      stopping: this.#stops.stopping,
      restartDelays: this.#starts.delays,
      started: this.#probes.started,
      condemned: this.#probes.condemned,
      stoppedSandboxes: this.#stops.stoppedSandboxes,
    };
  }

  #statusView(plan: Plan): PodStatusView {
    const end = this.#end;
    const failed = end?.why === "failed" ? end : undefined;
    return {
      ...this.#view(),
      // What waits to be restarted does so no longer when the pod is on its way out.
      plan: this.#stage === "running" ? plan : { ...plan, backingOff: new Map() },
      ready: this.#probes.ready,
      stopped: this.#stopped,
      resize: { problem: this.#allocation.problem, progress: this.#resize.progress },
      hostIPs: this.#services.node.ips,
      acceptedAtMs: this.#acceptedAtMs,
      verdict: failed && { phase: "Failed", reason: failed.reason, message: failed.message },
    };
  }

  /** Something the pod names has changed or appeared: what failed for want of it may go well now. */
  #referenceChanged(): void {
    this.#storage.tryAgain();
    this.#starts.forgetConfigFailures();
    this.#storage.refresh();
    this.wake();
  }

  #beginEnd(end: End): void {
    this.#stage = "ending";
    this.#end = end;
    this.#timer?.();
    this.#context.beginEnd();
    this.#probes.stopJudging();
    this.#ended = this.#context.track(async () => {
      await Promise.all([this.#starts.settled(), this.#sandbox.settled()]);
      const grace = end.why === "failed" ? end.graceSeconds : undefined;
      await this.#context.untilDone("stop the pod", () =>
        this.#stops.stopEverything(grace ?? graceSecondsOf(this.pod)),
      );
      this.#stopped = true;
      this.#probes.stop();
      await this.#context.untilDone("clean up after the pod", () => this.#cleanUp());
      this.#stage = "ended";
      this.#services.roomChanged();
    });
  }

  async #cleanUp(): Promise<void> {
    const { dirs, cgroups, puller } = this.#services;
    this.#references.release();
    await this.#storage.volumes.settled();
    await removePodDir(dirs, this.uid);
    await cgroups.remove(this.pod);
    puller.forget(this.uid);
  }

  /** Only when its last status is written does the object of a deleted pod go. */
  #deleteObject(): void {
    if (!this.pod.metadata.deletionTimestamp || this.#deleting || this.#end?.why === "removed") return;
    this.#deleting = true;
    this.#context.background(() =>
      this.#context.untilDone("delete the pod's object", async () => {
        await this.#writer.flushed();
        const { name, namespace, uid } = this.pod.metadata;
        const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal: this.#scope.signal };
        await this.#services.client.delete(Pod, { namespace, name }, options).catch((error: unknown) => {
          if (!hasReason(error, "NotFound", "Conflict")) throw error;
        });
      }),
    );
  }

  /** Nothing but dead containers and logs was left; now those go too. */
  async #sweep(): Promise<void> {
    await this.#stops.removeEverything();
    await rm(podLogDir(this.#services.dirs, this.pod), { recursive: true, force: true });
    await this.#services.cgroups.remove(this.pod);
  }

  #dispose(): void {
    this.#timer?.();
    this.#probes.stop();
    this.#references.release();
    this.runtime.forgetAll();
  }

  #deadlineMs(): number | undefined {
    const { activeDeadlineSeconds } = this.pod.spec;
    if (activeDeadlineSeconds === undefined) return undefined;
    const { startTime } = this.pod.status;
    return (startTime ? parseTime(startTime) : this.#acceptedAtMs) + Number(activeDeadlineSeconds) * 1000;
  }

  /** Wakes it at the first of these times, and when a token must be renewed. */
  #setTimer(...times: readonly (number | undefined)[]): void {
    this.#timer?.();
    this.#timer = undefined;
    const { volumes } = this.#storage;
    const dueMs = Math.min(...[...times, volumes.refreshAtMs].map((time) => time ?? Infinity));
    if (dueMs === Infinity) return;
    const { clock } = this.#services;
    this.#timer = clock.after(Math.max(0, dueMs - clock.now()), () => {
      if ((volumes.refreshAtMs ?? Infinity) <= clock.now()) this.#storage.refresh();
      else this.wake();
    });
  }
}

/** What the downward API shows of a pod that may change. */
const selfDescription = ({ metadata }: Pod): string =>
  JSON.stringify([metadata.labels, metadata.annotations]);
