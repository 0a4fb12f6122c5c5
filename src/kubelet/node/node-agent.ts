import { Lease } from "#api/coordination-v1/lease";
import { Node } from "#api/core-v1/node";
import type { Taint } from "#api/core-v1/taint";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import type { Client } from "#client/client";
import { hasReason } from "#machinery/status";
import { formatMicroTime } from "#machinery/time";
import type { ContainerRuntime } from "../cri/client.ts";
import type { Image } from "../cri/image.ts";
import { type DiskSpace, diskSpace, type MachineFacts } from "./machine.ts";
import {
  allocatableOf,
  type NodeFindings,
  type NodeSettings,
  nodeStatus,
  type Pressures,
  sameNodeStatus,
} from "./node-status.ts";

const log = logger("node");

const LEASE_NAMESPACE = "kube-node-lease";
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;
const LOOK_MS = 10_000;
/** While the node is not ready, so that it becomes so without delay. */
const LOOK_UNREADY_MS = 250;
/** A runtime that is started again is away for a moment, and its containers run on: only then is the node not ready. */
const RUNTIME_AWAY_MS_MAX = 30_000;
const REPORT_MS = 300_000;
const RETRY_MS = 1_000;
const IMAGES_LOOK_MS = 300_000;

export interface NodeAgentOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly runtime: ContainerRuntime;
  readonly settings: NodeSettings;
  readonly machine: MachineFacts;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** On the disk whose space counts. */
  readonly rootDir: string;
  pressures(): Pressures;
}

/** Keeps the node's object and its lease: says that the node is there, what it has, and whether it can run pods. */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  #node: Node | undefined;
  #lease: Lease | undefined;
  #disk: DiskSpace;
  #runtimeVersion = "";
  #runtimeSeenAtMs = -Infinity;
  #runtimeAnswers = false;
  #images: readonly Image[] = [];
  #imagesAtMs = -Infinity;
  #notReady = "the node has not looked at its runtime yet";
  #reportedAtMs = -Infinity;
  #wake: (() => void) | undefined;
  /** Something has changed since the last look began. */
  #hasNews = false;

  private constructor(options: NodeAgentOptions, disk: DiskSpace) {
    this.#options = options;
    this.#disk = disk;
  }

  static async make(options: NodeAgentOptions): Promise<NodeAgent> {
    return new NodeAgent(options, await diskSpace(options.rootDir));
  }

  get allocatable(): Readonly<Record<string, string>> {
    return allocatableOf(this.#findings());
  }

  /** The node's object, as it was last read or written. */
  get node(): Node | undefined {
    return this.#node;
  }

  run(scope: Scope): void {
    scope.run((signal) => this.#keepStatus(signal));
    scope.run((signal) => this.#keepLease(signal));
  }

  /** Look again now: something about the node has changed. */
  changed({ images = false }: { readonly images?: boolean } = {}): void {
    if (images) this.#imagesAtMs = -Infinity;
    this.#hasNews = true;
    this.#wake?.();
  }

  async #keepStatus(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs = RETRY_MS;
      this.#hasNews = false;
      try {
        await this.#look();
        if (!this.#node) await this.#register(signal);
        await this.#report(signal);
        waitMs = this.#notReady === "" && this.#runtimeAnswers ? LOOK_MS : LOOK_UNREADY_MS;
      } catch (error) {
        // Whoever deleted the node's object does not want it back before the node is started anew.
        if (hasReason(error, "NotFound")) waitMs = LOOK_MS;
        if (!signal.aborted) log.warn("node status could not be reported", { error });
      }
      await this.#pause(waitMs, signal);
    }
  }

  async #pause(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#hasNews) return;
    const abort = new AbortController();
    this.#wake = () => abort.abort();
    await sleep(this.#options.clock, waitMs, { signal: AbortSignal.any([signal, abort.signal]) }).catch(
      () => undefined,
    );
  }

  /** At the runtime, the disk and the images. */
  async #look(): Promise<void> {
    const { runtime, rootDir, clock } = this.#options;
    this.#disk = await diskSpace(rootDir);
    try {
      if (!this.#runtimeAnswers) {
        const { runtimeName, runtimeVersion } = await runtime.version();
        this.#runtimeVersion = `${runtimeName}://${runtimeVersion}`;
      }
      const { status } = await runtime.status();
      this.#runtimeAnswers = true;
      this.#runtimeSeenAtMs = clock.monotonic();
      const failing = (status?.conditions ?? []).filter((condition) => !condition.status);
      this.#notReady = failing
        .map(({ type, reason, message }) =>
          type === "NetworkReady"
            ? `container runtime network not ready: NetworkReady=false reason:${reason} message:${message}`
            : `container runtime is down: ${type}=false reason:${reason} message:${message}`,
        )
        .join("; ");
      if (clock.monotonic() - this.#imagesAtMs > IMAGES_LOOK_MS) {
        this.#images = await runtime.listImages();
        this.#imagesAtMs = clock.monotonic();
      }
    } catch (error) {
      this.#runtimeAnswers = false;
      if (clock.monotonic() - this.#runtimeSeenAtMs > RUNTIME_AWAY_MS_MAX)
        this.#notReady = `container runtime is down: ${(error as Error).message}`;
    }
  }

  #findings(): NodeFindings {
    const { settings, machine, pressures } = this.#options;
    return {
      settings,
      machine,
      disk: this.#disk,
      runtimeVersion: this.#runtimeVersion,
      notReady: this.#notReady,
      pressures: pressures(),
      images: this.#images,
    };
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { client, settings, labels, taints, machine, clock } = this.#options;
    const own = {
      "kubernetes.io/hostname": settings.name,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": machine.architecture,
      "beta.kubernetes.io/os": "linux",
      "beta.kubernetes.io/arch": machine.architecture,
      ...labels,
    };
    const status = nodeStatus(this.#findings(), undefined, clock.now());
    const spec = taints.length > 0 ? { taints } : {};
    try {
      this.#node = await client.create(
        Node,
        { metadata: { name: settings.name, labels: own }, spec, status },
        { signal },
      );
      log.info("node registered", { node: settings.name });
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
      const body = { metadata: { labels: own } };
      this.#node = await client.strategicPatch(Node, { name: settings.name }, body, { signal });
    }
  }

  /** Says what has changed; and every few minutes that nothing has. */
  async #report(signal: AbortSignal): Promise<void> {
    const { client, clock, settings } = this.#options;
    const before = this.#node?.status;
    const status = nodeStatus(this.#findings(), before, clock.now());
    const isDue = clock.monotonic() - this.#reportedAtMs >= REPORT_MS;
    if (!isDue && before && sameNodeStatus(before, status)) return;
    const options = { subresource: "status", signal };
    this.#node = await client.strategicPatch(Node, { name: settings.name }, { status }, options);
    this.#reportedAtMs = clock.monotonic();
  }

  async #keepLease(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      let waitMs = RENEW_MS;
      try {
        await this.#renew(signal);
      } catch (error) {
        this.#lease = undefined;
        waitMs = RETRY_MS;
        if (!signal.aborted) log.debug("node lease could not be renewed", { error });
      }
      await sleep(clock, waitMs, { signal }).catch(() => undefined);
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { client, clock, settings } = this.#options;
    const at = { namespace: LEASE_NAMESPACE, name: settings.name };
    this.#lease ??= await client.find(Lease, at, { signal });
    const renewTime = formatMicroTime(clock.now());
    if (this.#lease) {
      const spec = {
        ...this.#lease.spec,
        holderIdentity: settings.name,
        leaseDurationSeconds: LEASE_SECONDS,
        renewTime,
      };
      this.#lease = await client.update(Lease, { ...this.#lease, spec }, { signal });
      return;
    }
    const owner = this.#node && [
      { apiVersion: "v1", kind: "Node", name: settings.name, uid: this.#node.metadata.uid },
    ];
    const metadata = { ...at, ...(owner ? { ownerReferences: owner } : {}) };
    const spec = { holderIdentity: settings.name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    this.#lease = await client.create(Lease, { metadata, spec }, { signal });
  }
}
