import { mkdir, rm } from "node:fs/promises";
import { Pod } from "#api/core-v1/pod";
import type { Secret } from "#api/core-v1/secret";
import { asError } from "#base/attempt";
import { type CancelTimer, sleep } from "#base/clock";
import { logger } from "#base/log";
import { Scope } from "#base/scope";
import { isAtLeast } from "#client/resource-version";
import { hasReason } from "#machinery/status";
import { parseTime } from "#machinery/time";
import type { Wire } from "#machinery/schema";
import type { PodFacts } from "../container/field-values.ts";
import { runHook } from "../container/lifecycle-hook.ts";
import { startContainer, StartError, writeHostsFile } from "../container/start-container.ts";
import { stopContainer, stopInOrder } from "../container/stop-containers.ts";
import { RpcError } from "../cri/connection.ts";
import type { Image } from "../cri/image.ts";
import type { PodSandboxConfig } from "../cri/sandbox.ts";
import type { LinuxContainerResources } from "../cri/resources.ts";
import { ImageError } from "../images/image-puller.ts";
import { ContainerProbes } from "../probes/container-probes.ts";
import { containerResources } from "../resources/linux-resources.ts";
import { PodVolumes, removePodDir, VolumeError } from "../volumes/pod-volumes.ts";
import type { PodReferences } from "../volumes/references.ts";
import { hostsFilePath, podDir, podLogDir } from "./directories.ts";
import { podDns, podNames } from "./dns.ts";
import { hostsFile } from "./hosts-file.ts";
import type { ObservedContainer, ObservedSandbox } from "./observed.ts";
import { type Action, type Obstacle, type Plan, planPod, type PodView, usableSandbox } from "./plan.ts";
import type { Refusal } from "./admission.ts";
import { ignoreMissing, PodRuntime } from "./pod-runtime.ts";
import { nextRestartDelay, type RestartDelay } from "./restart-backoff.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import type { PodServices } from "./services.ts";
import {
  type Container,
  graceSecondsOf,
  isHostNetwork,
  type Member,
  membersOf,
  type PodStatus,
} from "./spec.ts";
import { StatusWriter } from "./status-writer.ts";
import { podStatus, type PodStatusView } from "./status.ts";

const log = logger("pod-worker");

/** After a failure of the node's own, or of a start. */
const RETRY_MS = 10_000;
const VOLUME_RETRY_FIRST_MS = 500;
const VOLUME_RETRY_MAX_MS = 120_000;
/** How long a failed pull is shown as such before it is shown as waiting for the next. */
const PULL_ERROR_SHOWN_MS = 2_000;
/** Dead containers kept for `kubectl logs --previous` and the last state, for each name. */
const DEAD_KEPT = 1;
const STOP_RETRY_MS = 1_000;

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
  readonly runtime: PodRuntime;
  readonly #services: PodServices;
  readonly #scope: Scope;
  readonly #writer: StatusWriter;
  readonly #references: PodReferences;
  readonly #volumes: PodVolumes;
  readonly #acceptedAtMs: number;
  #pod: Pod;

  #volumesState: PodView["volumes"] = "absent";
  #volumeRetryMs = VOLUME_RETRY_FIRST_MS;
  #sandboxState: PodView["sandbox"] = "idle";
  #sandboxConfig: Wire<PodSandboxConfig> | undefined;
  readonly #imageStates = new Map<string, "checking" | "ready" | Obstacle>();
  readonly #images = new Map<string, Image>();
  readonly #startFailures = new Map<string, Obstacle>();
  readonly #starting = new Set<string>();
  readonly #stopping = new Set<string>();
  readonly #restartDelays = new Map<string, RestartDelay>();
  readonly #hooked = new Set<string>();
  readonly #probes = new Map<string, ContainerProbes>();
  readonly #resourcesOf = new Map<string, string>();
  /** IDs of sandboxes whose network has been taken down. */
  readonly #stoppedSandboxes = new Set<string>();
  #starts: Promise<void> = Promise.resolve();
  #sandboxWork: Promise<void> = Promise.resolve();
  readonly #startAbort = new AbortController();

  #wasKnown = false;
  #wasSeenRunning = false;
  /** It knows what ran before it began, and may act. */
  #begun = false;
  /** The API said when it began that the pod is over: nothing of it is started again, and its status stays. */
  #wasOver = false;
  #stage: Stage = "running";
  #end: End | undefined;
  #ended: Promise<void> | undefined;
  #stopped = false;
  #plan: Plan | undefined;
  #awake = false;
  #timer: CancelTimer | undefined;
  readonly #onGone: () => void;

  /** `onGone`: nothing of the pod is left, neither here nor in the API. */
  constructor(pod: Pod, services: PodServices, scope: Scope, onGone: () => void) {
    this.uid = pod.metadata.uid;
    this.#pod = pod;
    this.#services = services;
    this.#scope = scope;
    this.#onGone = onGone;
    this.#acceptedAtMs = services.clock.now();
    this.runtime = new PodRuntime(services, this.uid);
    this.#references = services.references.of(pod, () => this.#referenceChanged());
    const { client, clock, random, dirs } = services;
    this.#volumes = new PodVolumes(pod, { client, clock, random, dirs, references: this.#references });
    this.#writer = new StatusWriter(services, scope.signal, (written) => this.update(written));
    scope.defer(() => this.#dispose());
  }

  get pod(): Pod {
    return this.#pod;
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
    return this.#plan
      ? podStatus(this.#statusView(this.#plan), this.#services.clock.now())
      : this.#pod.status;
  }

  /** Begins; with `known`, after it has asked the runtime what is there already. */
  start({ known, refusal }: { readonly known: boolean; readonly refusal?: Refusal }): void {
    const { phase } = this.#pod.status;
    this.#wasOver = phase === "Succeeded" || phase === "Failed";
    this.#wasKnown = known;
    if (refusal && !this.#wasOver) this.#refuse(refusal);
    this.#background(async () => {
      if (known) {
        await this.#untilDone("look at what runs", () => this.runtime.refresh(this.#pod));
        for (const container of this.runtime.running) this.#hooked.add(container.id);
        await this.#restoreSandboxConfig();
      }
      this.#begun = true;
    });
  }

  #refuse({ reason, message }: Refusal): void {
    this.#event("Warning", reason, message);
    this.#beginEnd({ why: "failed", reason, message });
  }

  /** The API's object has changed. */
  update(pod: Pod): void {
    const before = this.#pod;
    const { resourceVersion } = pod.metadata;
    const isNews = resourceVersion !== before.metadata.resourceVersion;
    if (!isNews || !isAtLeast(resourceVersion, before.metadata.resourceVersion)) return;
    this.#pod = pod;
    if (this.#stage === "ending" && graceSecondsOf(pod) < graceSecondsOf(before)) this.#hurry();
    if (selfDescription(before) !== selfDescription(pod)) this.#refreshVolumes();
    this.wake();
  }

  /** The API has no such pod any more: whatever is left of it goes. */
  removed(last: Pod): void {
    this.#pod = last;
    if (this.#stage === "ending") this.#hurry();
    if (this.#stage === "running") this.#beginEnd({ why: "removed" });
    else if (this.#end?.why === "finished" || this.#end?.why === "failed") this.#end = { why: "removed" };
    this.#background(async () => {
      await this.#ended;
      await this.#sweep();
    });
  }

  /** Ends the pod for a reason of the node's. It stays as it is in the API, as failed. */
  evict(reason: string, message: string, graceSeconds?: number): void {
    if (this.#stage !== "running") return;
    this.#event("Warning", reason, message);
    this.#beginEnd({ why: "failed", reason, message, graceSeconds });
  }

  /** The runtime has an event of one of the pod's containers or sandboxes. */
  heard(id: string): void {
    // Whoever stops it looks at it afterwards.
    if (this.#stopping.has(id) || (this.#stage !== "running" && this.runtime.sandbox(id))) return;
    this.#background(() => this.runtime.awaitExit(this.#pod, id, { signal: this.#scope.signal }));
  }

  /** What the runtime lists does not fit with what is known. */
  reconsider(): void {
    this.#background(() => this.runtime.refresh(this.#pod));
  }

  /** Looks and decides, in a moment; many calls are one. */
  wake(): void {
    if (this.#awake || !this.#begun || this.#scope.closed) return;
    this.#awake = true;
    queueMicrotask(() => {
      this.#awake = false;
      if (!this.#scope.closed) this.#pass();
    });
  }

  #pass(): void {
    const { clock } = this.#services;
    const nowMs = clock.now();
    if (this.#stage === "running" && this.#pod.metadata.deletionTimestamp) this.#beginEnd({ why: "deleted" });
    else if (this.#stage === "running" && this.#wasOver) this.#beginEnd({ why: "finished" });
    if (this.#stage === "running") this.#syncProbes();
    const plan = planPod(this.#view(), nowMs);
    this.#plan = plan;
    if (this.#stage === "running") this.#carryOut(plan, nowMs);
    if (!this.#wasOver) this.#tell(podStatus(this.#statusView(plan), nowMs), nowMs);
    if (this.#stage === "ended") this.#deleteWhenEnded();
  }

  #tell(status: PodStatus, nowMs: number): void {
    this.#writer.want(this.#pod, status);
    if (status.phase !== "Running" || this.#wasSeenRunning) return;
    this.#wasSeenRunning = true;
    // Of a pod that ran before this kubelet, the start is not known.
    if (!this.#wasKnown) this.#services.metrics.podStarted((nowMs - this.#acceptedAtMs) / 1000);
  }

  #carryOut(plan: Plan, nowMs: number): void {
    for (const action of plan.actions) this.#act(action);
    this.#syncResources();
    this.#prune();
    const deadlineMs = this.#deadlineMs();
    this.#setTimer(plan.wakeAtMs, deadlineMs, this.#volumes.refreshAtMs);
    if (deadlineMs !== undefined && deadlineMs <= nowMs) {
      const message = "Pod was active on the node longer than the specified deadline";
      this.#beginEnd({ why: "failed", reason: "DeadlineExceeded", message });
    } else if (plan.finished && this.#starting.size === 0) {
      this.#beginEnd({ why: "finished" });
    }
  }

  #view(): PodView {
    return {
      pod: this.#pod,
      sandboxes: this.runtime.sandboxes,
      containers: this.runtime.containers,
      volumes: this.#volumesState,
      sandbox: this.#sandboxState,
      images: this.#imageStates,
      startFailures: this.#startFailures,
      starting: this.#starting,
      stopping: this.#stopping,
      restartDelays: this.#restartDelays,
      started: this.#idsWhere((probes) => probes.started),
      condemned: this.#condemned(),
      stoppedSandboxes: this.#stoppedSandboxes,
    };
  }

  #statusView(plan: Plan): PodStatusView {
    const end = this.#end;
    const failed = end?.why === "failed" ? end : undefined;
    return {
      ...this.#view(),
      // What waits to be restarted does so no longer when the pod is on its way out.
      plan: this.#stage === "running" ? plan : { ...plan, backingOff: new Map() },
      ready: this.#idsWhere((probes) => probes.ready),
      stopped: this.#stopped,
      hostIPs: this.#services.node.ips,
      acceptedAtMs: this.#acceptedAtMs,
      verdict: failed && { phase: "Failed", reason: failed.reason, message: failed.message },
    };
  }

  #idsWhere(holds: (probes: ContainerProbes) => boolean): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const [id, probes] of this.#probes) if (holds(probes) && this.#hooked.has(id)) ids.add(id);
    return ids;
  }

  #condemned() {
    const verdicts = new Map<string, NonNullable<ContainerProbes["verdict"]>>();
    for (const [id, probes] of this.#probes) if (probes.verdict) verdicts.set(id, probes.verdict);
    return verdicts;
  }

  #act(action: Action): void {
    switch (action.do) {
      case "prepare-volumes":
        return this.#prepareVolumes();
      case "create-sandbox":
        return this.#createSandbox(action.attempt);
      case "stop-sandbox":
        return this.#stopSandbox(action.sandboxId);
      case "check-image":
        return this.#checkImage(action.member);
      case "start":
        return this.#start(action.member, action.restartCount);
      case "stop":
        return this.#stop(action);
      case "discard":
        return this.#alone(action.container.id, () => this.runtime.remove(action.container));
    }
  }

  // Volumes

  #prepareVolumes(): void {
    this.#volumesState = "preparing";
    this.#background(async () => {
      try {
        await this.#volumes.prepare(this.#pod, this.#facts());
        this.#volumesState = "ready";
      } catch (error) {
        const message = asError(error).message;
        if (error instanceof VolumeError) this.#event("Warning", "FailedMount", message);
        else log.warn("volumes could not be prepared", { pod: this.#pod.metadata.name, error });
        this.#volumesState = {
          reason: "ContainerCreating",
          message: "",
          retryAtMs: this.#in(this.#volumeRetryMs),
        };
        this.#volumeRetryMs = Math.min(2 * this.#volumeRetryMs, VOLUME_RETRY_MAX_MS);
      }
    });
  }

  #refreshVolumes(): void {
    if (this.#volumesState !== "ready" || this.#stage !== "running") return;
    this.#background(async () => {
      try {
        await this.#volumes.refresh(this.#pod, this.#facts());
      } catch (error) {
        // The volume keeps its last contents, as it does when an object it shows is deleted.
        log.info("volumes could not be refreshed", { pod: this.#pod.metadata.name, error });
      }
    });
  }

  /** Something the pod names has changed or appeared: what failed for want of it may go well now. */
  #referenceChanged(): void {
    if (typeof this.#volumesState === "object") this.#volumesState = "absent";
    for (const [name, failure] of this.#startFailures)
      if (failure.reason === "CreateContainerConfigError") this.#startFailures.delete(name);
    this.#refreshVolumes();
    this.wake();
  }

  #facts(): PodFacts {
    const { node } = this.#services;
    const sandbox = usableSandbox({ pod: this.#pod, sandboxes: this.runtime.sandboxes });
    return { hostIPs: node.ips, podIPs: sandbox?.ips ?? [], allocatable: node.allocatable() };
  }

  // Sandbox

  #createSandbox(attempt: number): void {
    this.#sandboxState = "creating";
    this.#sandboxWork = this.#track(async () => {
      try {
        await this.#makeSandbox(attempt);
        this.#sandboxState = "idle";
      } catch (error) {
        if (this.#startAbort.signal.aborted) return;
        const text = error instanceof RpcError ? rpcText(error) : asError(error).message;
        this.#event("Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${text}`);
        // One that an earlier kubelet had begun may be there by now.
        await this.runtime.refresh(this.#pod).catch(() => undefined);
        this.#sandboxState = { reason: "ContainerCreating", message: "", retryAtMs: this.#in(RETRY_MS) };
      }
    });
  }

  async #makeSandbox(attempt: number): Promise<void> {
    const { cgroups, runtime, runtimeHandler, dirs } = this.#services;
    const pod = this.#pod;
    const { runtimeClassName } = pod.spec;
    const [config, handler] = await Promise.all([
      this.#configureSandbox(attempt),
      runtimeClassName ? runtimeHandler(runtimeClassName) : "",
    ]);
    if (this.#startAbort.signal.aborted) return;
    // The limits of the pod's cgroup matter to its containers, not yet to the sandbox.
    const [id] = await Promise.all([
      runtime.runSandbox(config, handler),
      cgroups.ensure(pod),
      mkdir(podLogDir(dirs, pod), { recursive: true }),
    ]);
    this.#services.own(id, this.uid);
    const sandbox = await this.runtime.refreshSandbox(id);
    if (!sandbox) throw new Error(`sandbox ${id} is gone right after it was made`);
    await this.#writeHosts(sandbox);
  }

  async #configureSandbox(attempt: number): Promise<Wire<PodSandboxConfig>> {
    const { clusterDns, dirs, cgroups, hostDns } = this.#services;
    const pod = this.#pod;
    const dns = podDns(pod, clusterDns, await hostDns());
    const names = podNames(pod, clusterDns);
    this.#sandboxConfig = sandboxConfig(pod, attempt, {
      dirs,
      dns,
      names,
      cgroupParent: cgroups.pathOf(pod),
    });
    return this.#sandboxConfig;
  }

  /** After a restart of the kubelet: what the sandbox was made with follows from the same spec. */
  async #restoreSandboxConfig(): Promise<void> {
    const [sandbox] = this.runtime.sandboxes;
    if (!sandbox?.ready) return;
    await this.#configureSandbox(sandbox.attempt);
    await mkdir(podDir(this.#services.dirs, this.uid), { recursive: true });
    await this.#writeHosts(sandbox);
  }

  async #writeHosts(sandbox: ObservedSandbox): Promise<void> {
    const { clusterDns, dirs, hostsFile: nodeHosts } = this.#services;
    const pod = this.#pod;
    const own = isHostNetwork(pod) ? await nodeHosts() : "";
    const text = hostsFile(pod, podNames(pod, clusterDns), sandbox.ips, own);
    await mkdir(podDir(dirs, this.uid), { recursive: true, mode: 0o750 });
    await writeHostsFile(hostsFilePath(dirs, this.uid), text);
  }

  #stopSandbox(id: string): void {
    this.#event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    this.#alone(id, async () => {
      const left = this.runtime.running.filter(({ sandboxId }) => sandboxId === id);
      await this.#stopAll(left, graceSecondsOf(this.#pod));
      await ignoreMissing(this.#services.runtime.stopSandbox(id));
      await this.runtime.refresh(this.#pod);
      this.#stoppedSandboxes.add(id);
    });
  }

  // Containers

  #checkImage(member: Member): void {
    const { container } = member;
    this.#imageStates.set(container.name, "checking");
    this.#background(async () => {
      const observer = { event: this.#containerEvents(member) };
      const { signal } = this.#startAbort;
      try {
        const secrets = () => this.#pullSecrets();
        const image = await this.#services.puller.ensure(this.#pod, container, secrets, observer, { signal });
        this.#images.set(container.name, image);
        this.#imageStates.set(container.name, "ready");
      } catch (error) {
        if (signal.aborted) return;
        this.#imageStates.set(container.name, this.#imageObstacle(container, error));
      }
    });
  }

  #imageObstacle({ name, image }: Container, error: unknown): Obstacle {
    if (!(error instanceof ImageError)) {
      return { reason: "ErrImagePull", message: asError(error).message, retryAtMs: this.#in(RETRY_MS) };
    }
    const { reason, message, retryAtMs } = error;
    if (reason === "ErrImagePull") {
      this.#services.clock.after(PULL_ERROR_SHOWN_MS, () => {
        const state = this.#imageStates.get(name);
        if (typeof state !== "object" || state.retryAtMs !== retryAtMs || this.#scope.closed) return;
        const text = `Back-off pulling image "${image}"`;
        this.#event("Normal", "BackOff", text, name);
        const waiting = {
          reason: "ImagePullBackOff",
          message: `${text}: ErrImagePull: ${message}`,
          retryAtMs,
        };
        this.#imageStates.set(name, waiting);
        this.wake();
      });
    }
    return { reason, message, retryAtMs };
  }

  async #pullSecrets(): Promise<readonly Secret[]> {
    const names = (this.#pod.spec.imagePullSecrets ?? []).map(({ name = "" }) => name);
    const found = await Promise.all(names.map((name) => this.#references.secret(name)));
    return found.filter((secret) => secret !== undefined);
  }

  /** One after the other, in the order in which they were asked for. */
  #start(member: Member, restartCount: number): void {
    const { name } = member.container;
    this.#starting.add(name);
    this.#startFailures.delete(name);
    const image = this.#images.get(name)!;
    // The next start looks at the image anew.
    this.#imageStates.delete(name);
    this.#images.delete(name);
    this.#noteRestart(name);
    const before = this.#starts;
    this.#starts = this.#track(async () => {
      await before;
      try {
        await this.#startNow(member, restartCount, image);
      } catch (error) {
        if (await this.#hasSandbox()) this.#startFailed(member, error);
      } finally {
        this.#starting.delete(name);
      }
    });
  }

  /** A start that failed because the sandbox went says nothing about the container. */
  async #hasSandbox(): Promise<boolean> {
    const [sandbox] = this.runtime.sandboxes;
    if (!sandbox) return false;
    await this.runtime.refresh(this.#pod).catch(() => undefined);
    return this.runtime.sandbox(sandbox.id)?.ready === true;
  }

  #noteRestart(name: string): void {
    const last = this.runtime.containers.find((container) => container.name === name);
    if (last?.state !== "exited") return;
    const delay = nextRestartDelay(
      this.#restartDelays.get(name),
      last.finishedAtMs,
      this.#services.clock.now(),
    );
    this.#restartDelays.set(name, delay);
  }

  async #startNow(member: Member, restartCount: number, image: Image): Promise<void> {
    const { signal } = this.#startAbort;
    const sandbox = usableSandbox({ pod: this.#pod, sandboxes: this.runtime.sandboxes });
    if (signal.aborted || !sandbox || !this.#sandboxConfig) return;
    const started = await startContainer(this.#services, {
      pod: this.#pod,
      member,
      restartCount,
      sandboxId: sandbox.id,
      sandboxConfig: this.#sandboxConfig,
      image,
      facts: this.#facts(),
      volumes: this.#volumes,
      references: this.#references,
      runtime: this.runtime,
      signal,
      event: this.#containerEvents(member),
    });
    this.#resourcesOf.set(member.container.name, this.#resourceKey(member.container));
    if (started?.state === "running") await this.#postStart(member, started, sandbox);
  }

  async #postStart(member: Member, started: ObservedContainer, sandbox: ObservedSandbox): Promise<void> {
    const { container } = member;
    const hook = container.lifecycle?.postStart;
    if (hook) {
      const { runtime, clock } = this.#services;
      const target = { runtime, clock, container, containerId: started.id, host: this.#hostOf(sandbox) };
      try {
        await runHook(hook, target, { signal: this.#startAbort.signal });
      } catch (error) {
        if (this.#startAbort.signal.aborted) return;
        log.info("postStart hook failed", { pod: this.#pod.metadata.name, container: container.name, error });
        this.#event("Warning", "FailedPostStartHook", "PostStartHook failed", container.name);
        await this.#stopOne(started, graceSecondsOf(this.#pod), "FailedPostStartHook");
        return;
      }
    }
    this.#hooked.add(started.id);
  }

  #startFailed({ container }: Member, error: unknown): void {
    if (this.#startAbort.signal.aborted) return;
    const { name } = container;
    const message =
      error instanceof Error && error.cause instanceof RpcError
        ? error.cause.details
        : asError(error).message;
    const reason = error instanceof StartError ? error.reason : "CreateContainerError";
    this.#event("Warning", "Failed", `Error: ${message}`, name);
    if (!(error instanceof StartError))
      log.warn("container could not be started", { container: name, error });
    this.#startFailures.set(name, { reason, message, retryAtMs: this.#in(RETRY_MS) });
  }

  #stop({ container, message, graceSeconds }: Extract<Action, { do: "stop" }>): void {
    this.#alone(container.id, () =>
      this.#stopOne(container, graceSeconds ?? graceSecondsOf(this.#pod), message),
    );
  }

  /** Takes one container or sandbox down, and nothing else is done to it meanwhile. A failure is tried again later. */
  #alone(id: string, work: () => Promise<unknown>): void {
    this.#stopping.add(id);
    this.#background(async () => {
      try {
        await work();
      } catch (error) {
        if (this.#scope.closed) return;
        log.warn("could not stop a part of a pod, will try again", {
          pod: this.#pod.metadata.name,
          id,
          error,
        });
        const { clock } = this.#services;
        await sleep(clock, STOP_RETRY_MS, { signal: this.#scope.signal }).catch(() => undefined);
      } finally {
        this.#stopping.delete(id);
      }
    });
  }

  async #stopOne(container: ObservedContainer, graceSeconds: number, message: string): Promise<void> {
    const { name } = container;
    this.#event("Normal", "Killing", message, name);
    this.#stopping.add(container.id);
    const [sandbox] = this.runtime.sandboxes;
    const host = this.#hostOf(sandbox);
    const event = (type: "Normal" | "Warning", reason: string, text: string) =>
      this.#event(type, reason, text, name);
    await stopContainer(this.#services, { pod: this.#pod, container, host, graceSeconds, event });
    await this.runtime.refreshContainer(this.#pod, container.id, container.sandboxId);
    this.#stopping.delete(container.id);
  }

  async #stopAll(running: readonly ObservedContainer[], graceSeconds: number): Promise<void> {
    const { clock } = this.#services;
    const stop = (container: ObservedContainer, seconds: number) =>
      this.#stopOne(container, seconds, `Stopping container ${container.name}`);
    await stopInOrder(this.#pod, running, stop, { graceSeconds, monotonic: () => clock.monotonic() });
  }

  /** The address that answers for the pod. */
  #hostOf(sandbox: ObservedSandbox | undefined): string {
    return (isHostNetwork(this.#pod) ? this.#services.node.ips[0] : sandbox?.ips[0]) ?? "127.0.0.1";
  }

  /** Probes follow the containers that run. */
  #syncProbes(): void {
    const running = new Map(this.runtime.running.map((container) => [container.id, container]));
    for (const [id, probes] of this.#probes) {
      if (running.has(id)) continue;
      probes.stop();
      this.#probes.delete(id);
      this.#hooked.delete(id);
    }
    const [sandbox] = this.runtime.sandboxes;
    for (const member of membersOf(this.#pod)) {
      const observed = [...running.values()].find(({ name }) => name === member.container.name);
      if (!observed || this.#probes.has(observed.id) || !this.#hooked.has(observed.id)) continue;
      const { runtime, clock } = this.#services;
      const options = {
        container: member.container,
        observed,
        host: this.#hostOf(sandbox),
        runtime,
        clock,
        before: this.#before(observed),
      };
      this.#probes.set(
        observed.id,
        new ContainerProbes(options, {
          changed: () => this.wake(),
          unhealthy: ({ name }, kind, output) => {
            const title = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
            this.#event("Warning", "Unhealthy", `${title} probe failed: ${output}`, name);
          },
        }),
      );
    }
  }

  /** What the status said of this very container, before this kubelet began. */
  #before({ id }: ObservedContainer): { started: boolean; ready: boolean } | undefined {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status;
    const known = [...containerStatuses, ...initContainerStatuses].find(
      ({ containerID }) => containerID === `containerd://${id}`,
    );
    return known && { started: known.started === true, ready: known.ready };
  }

  /** Limits can change while a container runs; some only with a restart. */
  #syncResources(): void {
    for (const { container } of membersOf(this.#pod)) {
      const running = this.runtime.running.find(({ name }) => name === container.name);
      const before = this.#resourcesOf.get(container.name);
      const wanted = this.#resourceKey(container);
      if (!running || before === wanted) continue;
      this.#resourcesOf.set(container.name, wanted);
      // Of a container from before this kubelet, what it runs with is what its spec said.
      if (before === undefined) continue;
      this.#background(() => this.#resize(container, running, before));
    }
  }

  async #resize(container: Container, running: ObservedContainer, before: string): Promise<void> {
    const { cgroups, runtime, node } = this.#services;
    if (needsRestart(container, before, this.#resourceKey(container))) {
      const message = `Container ${container.name} resize requires restart`;
      await this.#stopOne(running, graceSecondsOf(this.#pod), message);
      await cgroups.ensure(this.#pod);
      return;
    }
    const resources = containerResources(this.#pod, container, node.memoryBytes);
    // The pod's own limit may neither be below its container's on the way up, nor above it for good.
    await cgroups.ensure(this.#pod).catch(() => undefined);
    await runtime.updateResources(running.id, resources);
    await cgroups.ensure(this.#pod);
  }

  #resourceKey(container: Container): string {
    return JSON.stringify(containerResources(this.#pod, container, this.#services.node.memoryBytes));
  }

  /** Takes away what nobody will ask for: older dead containers, and old sandboxes that hold none. */
  #prune(): void {
    const dead = new Map<string, number>();
    for (const container of this.runtime.containers) {
      if (container.state !== "exited" || this.#stopping.has(container.id)) continue;
      const count = (dead.get(container.name) ?? 0) + 1;
      dead.set(container.name, count);
      if (count > DEAD_KEPT) this.#alone(container.id, () => this.#removeDead(container));
    }
    for (const { id } of this.runtime.sandboxes.slice(1)) {
      const used = this.runtime.containers.some(({ sandboxId }) => sandboxId === id);
      if (!used && !this.#stopping.has(id)) this.#alone(id, () => this.runtime.removeSandbox(id));
    }
  }

  async #removeDead(container: ObservedContainer): Promise<void> {
    await this.runtime.remove(container);
    if (container.logPath) await rm(container.logPath, { force: true });
  }

  // The end

  #beginEnd(end: End): void {
    this.#stage = "ending";
    this.#end = end;
    this.#timer?.();
    this.#startAbort.abort(new Error("the pod is being ended"));
    for (const probes of this.#probes.values()) probes.stopJudging();
    this.#ended = this.#track(async () => {
      await this.#untilDone("stop the pod", () => this.#stopEverything());
      this.#stopped = true;
      for (const probes of this.#probes.values()) probes.stop();
      this.#probes.clear();
      await this.#untilDone("clean up after the pod", () => this.#cleanUp());
      this.#stage = "ended";
    });
  }

  async #stopEverything(): Promise<void> {
    await Promise.all([this.#starts, this.#sandboxWork]);
    const grace = this.#end?.why === "failed" ? this.#end.graceSeconds : undefined;
    await this.runtime.refresh(this.#pod);
    await this.#stopAll(this.runtime.running, grace ?? graceSecondsOf(this.#pod));
    const { runtime } = this.#services;
    for (const sandbox of this.runtime.sandboxes) await ignoreMissing(runtime.stopSandbox(sandbox.id));
    await this.runtime.refresh(this.#pod);
  }

  async #cleanUp(): Promise<void> {
    this.#references.release();
    await this.#volumes.settled();
    await removePodDir(this.#services.dirs, this.uid);
    await this.#services.cgroups.remove(this.#pod);
    this.#services.puller.forget(this.uid);
  }

  /** The user has lost patience: what is left of the grace period is shorter now. */
  #hurry(): void {
    for (const container of this.runtime.running) {
      const stop = this.#services.runtime.stopContainer(container.id, graceSecondsOf(this.#pod));
      void stop.catch((error) => log.info("container could not be stopped sooner", { error }));
    }
  }

  /** Only when its last status is written does the object of a deleted pod go. */
  #deleteWhenEnded(): void {
    if (!this.#pod.metadata.deletionTimestamp || this.#deleting || this.#end?.why === "removed") return;
    this.#deleting = true;
    this.#background(() =>
      this.#untilDone("delete the pod's object", async () => {
        await this.#writer.flushed();
        const { name, namespace, uid } = this.#pod.metadata;
        const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal: this.#scope.signal };
        await this.#services.client.delete(Pod, { namespace, name }, options).catch((error: unknown) => {
          if (!hasReason(error, "NotFound", "Conflict")) throw error;
        });
      }),
    );
  }

  #deleting = false;

  /** Nothing but memories was left; now those go too. */
  async #sweep(): Promise<void> {
    await this.#untilDone("remove the pod", async () => {
      await this.runtime.refresh(this.#pod);
      await Promise.all(this.runtime.containers.map((container) => this.runtime.remove(container)));
      await Promise.all(this.runtime.sandboxes.map(({ id }) => this.runtime.removeSandbox(id)));
      await rm(podLogDir(this.#services.dirs, this.#pod), { recursive: true, force: true });
      await this.#services.cgroups.remove(this.#pod);
    });
    this.#onGone();
  }

  #dispose(): void {
    this.#timer?.();
    for (const probes of this.#probes.values()) probes.stop();
    this.#references.release();
    this.runtime.forgetAll();
  }

  // Time and work

  #deadlineMs(): number | undefined {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined) return undefined;
    const { startTime } = this.#pod.status;
    return (startTime ? parseTime(startTime) : this.#acceptedAtMs) + Number(activeDeadlineSeconds) * 1000;
  }

  #setTimer(...times: readonly (number | undefined)[]): void {
    this.#timer?.();
    this.#timer = undefined;
    const dueMs = Math.min(...times.map((time) => time ?? Infinity));
    if (dueMs === Infinity) return;
    const { clock } = this.#services;
    this.#timer = clock.after(Math.max(0, dueMs - clock.now()), () => {
      const refreshAtMs = this.#volumes.refreshAtMs;
      if (refreshAtMs !== undefined && refreshAtMs <= clock.now()) this.#refreshVolumes();
      else this.wake();
    });
  }

  #in(delayMs: number): number {
    return this.#services.clock.now() + delayMs;
  }

  #background(work: () => Promise<unknown>): void {
    void this.#track(work);
  }

  /** Runs the work; whatever comes of it, the worker looks again. */
  #track(work: () => Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#scope.run(async () => {
      try {
        await work();
      } catch (error) {
        if (!this.#scope.closed) log.warn("work of a pod failed", { pod: this.#pod.metadata.name, error });
      } finally {
        resolve();
        this.wake();
      }
    });
    if (this.#scope.closed) resolve();
    return promise;
  }

  async #untilDone(what: string, work: () => Promise<void>): Promise<void> {
    for (let delayMs = STOP_RETRY_MS; !this.#scope.closed; delayMs = Math.min(2 * delayMs, RETRY_MS)) {
      try {
        return await work();
      } catch (error) {
        if (this.#scope.closed) return;
        log.warn(`could not ${what}, will try again`, { pod: this.#pod.metadata.name, error });
        await sleep(this.#services.clock, delayMs, { signal: this.#scope.signal }).catch(() => undefined);
      }
    }
  }

  // Events

  #containerEvents(member: Member) {
    return (type: "Normal" | "Warning", reason: string, message: string): void =>
      this.#event(type, reason, message, member.container.name);
  }

  #event(type: "Normal" | "Warning", reason: string, message: string, containerName?: string): void {
    if (containerName === undefined) return this.#services.events.record(this.#pod, type, reason, message);
    const { name, namespace, uid, resourceVersion } = this.#pod.metadata;
    const role = membersOf(this.#pod).find(({ container }) => container.name === containerName)?.role;
    const list =
      role === "app" ? "containers" : role === "ephemeral" ? "ephemeralContainers" : "initContainers";
    const fieldPath = `spec.${list}{${containerName}}`;
    const about = { kind: "Pod", apiVersion: "v1", name, namespace, uid, resourceVersion, fieldPath };
    this.#services.events.record(about, type, reason, message);
  }
}

/** Does a change from these resources to those touch one whose policy asks for a restart? */
function needsRestart({ resizePolicy = [] }: Container, before: string, after: string): boolean {
  const [old, now] = [JSON.parse(before), JSON.parse(after)] as LinuxContainerResources[];
  const changed = {
    cpu: old?.cpuShares !== now?.cpuShares || old?.cpuQuota !== now?.cpuQuota,
    memory: old?.memoryLimitInBytes !== now?.memoryLimitInBytes,
  };
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" && changed[resourceName as keyof typeof changed],
  );
}

/** What the downward API shows of a pod that may change. */
const selfDescription = ({ metadata }: Pod): string =>
  JSON.stringify([metadata.labels, metadata.annotations]);

const rpcText = ({ code, details }: RpcError): string => `rpc error: code = ${code} desc = ${details}`;
