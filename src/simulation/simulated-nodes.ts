import { Lease } from "#api/coordination-v1/lease";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { type Address, keyAt, keyOf } from "#client/address";
import type { Client } from "#client/client";
import type { Informer } from "#client/informer";
import type { InformerSet } from "#client/informer-set";
import { hasReason } from "#machinery/status";
import { formatMicroTime } from "#machinery/time";
import { inParallel } from "#reconciler/batches";
import { sameJson } from "#machinery/same-json";
import { WorkQueue, type Worked } from "#reconciler/work-queue";
import { Heartbeats } from "./heartbeats.ts";
import {
  defaultShape,
  LEASES,
  leaseObject,
  nodeAddress,
  nodeObject,
  type NodeShape,
  readyConditions,
} from "./node-object.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { ended, goneAtMs, instantLife, type PodLife, type PodRun, progress } from "./pod-run.ts";
import { podStatus } from "./pod-status.ts";

const log = logger("simulation");

const RENEW_MS = 10_000;
/** Pods worked on at once, over all nodes. */
const WORKERS = 64;
const RETRY_MS = 1_000;

export interface SimulatedNodesOptions {
  /** Reads for all nodes, and writes where `clientFor` does not say otherwise. */
  readonly client: Client;
  /** The client with which one node writes, so that it has no more rights than a real one. */
  readonly clientFor?: (node: string) => Client;
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  /** The nodes live until it closes. */
  readonly scope: Scope;
  /** By default pods start, become ready and stop at once. */
  readonly lifeOf?: (pod: Pod) => PodLife;
}

interface SimulatedNode {
  readonly shape: NodeShape;
  readonly address: string;
  readonly client: Client;
  lease: Lease | undefined;
  lost: boolean;
}

/**
 * Nodes without machines: they register, renew their leases, and run pods by writing what a node would write. One
 * watch and one queue serve them all, so thousands fit in a process.
 */
export class SimulatedNodes {
  readonly #options: SimulatedNodesOptions;
  readonly #lifeOf: (pod: Pod) => PodLife;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #runs = new Map<string, PodRun>();
  readonly #addresses = new PodAddresses();
  readonly #pods: Informer<Pod>;
  readonly #objects: Informer<Node>;
  readonly #queue: WorkQueue;
  readonly #heartbeats: Heartbeats;
  #made = 0;
  #addressesGiven = 0;

  constructor(options: SimulatedNodesOptions) {
    const { clock, random, informers, scope, lifeOf = () => instantLife } = options;
    this.#options = options;
    this.#lifeOf = lifeOf;
    this.#pods = informers.of(Pod);
    this.#objects = informers.of(Node);
    this.#queue = new WorkQueue({ clock, workers: WORKERS, work: (key) => this.#work(key) });
    this.#heartbeats = new Heartbeats({
      clock,
      random,
      periodMs: RENEW_MS,
      beat: (name) => scope.run(() => this.#renew(name)),
    });
    scope.run((signal) => this.#run(signal));
  }

  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** Adds nodes of one shape, `node-1` and on; gives their names. */
  async add(count: number, shape: Partial<Omit<NodeShape, "name">> = {}): Promise<readonly string[]> {
    const names = Array.from({ length: count }, () => `node-${++this.#made}`);
    await inParallel(names, (name) => this.#register({ ...defaultShape, ...shape, name }));
    return names;
  }

  async addOne(shape: Pick<NodeShape, "name"> & Partial<NodeShape>): Promise<void> {
    this.#made++;
    await this.#register({ ...defaultShape, ...shape });
  }

  /** The node falls silent: no leases, no statuses, and pods are neither started nor stopped. */
  lose(name: string): void {
    this.#node(name).lost = true;
    this.#heartbeats.remove(name);
  }

  /** The node is back, with the pods it had. */
  async recover(name: string): Promise<void> {
    const node = this.#node(name);
    node.lost = false;
    this.#heartbeats.add(name);
    await this.#renew(name);
    const status = { conditions: readyConditions(this.#options.clock.now()) };
    await node.client.strategicPatch(Node, { name }, { status }, { subresource: "status" });
    for (const pod of this.#pods.list()) if (pod.spec.nodeName === name) this.#queue.add(keyOf(pod));
  }

  /** The node and its object are gone for good. */
  async remove(name: string): Promise<void> {
    this.lose(name);
    this.#nodes.delete(name);
    await this.#options.client.delete(Node, { name });
  }

  /** The pod's process ends now; its restart policy says what comes of it. Exit code 0 is success. */
  finish(at: Address, exitCode = 0): void {
    this.#change(at, (pod, run) => ended(pod, run, exitCode, this.#options.clock.now()));
  }

  /** The pod's process breaks down. */
  crash(at: Address): void {
    this.finish(at, 1);
  }

  /** What the pod's readiness probe says from now on. */
  setReady(at: Address, ready: boolean): void {
    this.#change(at, (_pod, run) => ({ ...run, unready: !ready }));
  }

  #change(at: Address, next: (pod: Pod, run: PodRun) => PodRun): void {
    const pod = this.#pods.get(at.namespace, at.name);
    const run = pod && this.#runs.get(pod.metadata.uid);
    if (!pod || !run) throw new RangeError(`no simulated node runs the pod ${keyAt(at)}`);
    this.#runs.set(pod.metadata.uid, next(pod, run));
    this.#queue.add(keyAt(at));
  }

  #node(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (!node) throw new RangeError(`there is no simulated node ${name}`);
    return node;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const wake = (pod: Pod) => {
      if (pod.spec.nodeName !== undefined && this.#nodes.has(pod.spec.nodeName)) this.#queue.add(keyOf(pod));
    };
    const stop = this.#pods.handle({ added: wake, updated: wake, deleted: (pod) => this.#forget(pod) });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    stop();
    this.#heartbeats.close();
    await this.#queue.close();
  }

  async #register(shape: NodeShape): Promise<void> {
    const { clock, client, clientFor = () => client } = this.#options;
    const { name } = shape;
    const node: SimulatedNode = {
      shape,
      address: nodeAddress(++this.#addressesGiven),
      client: clientFor(name),
      lease: undefined,
      lost: false,
    };
    const made = await node.client.create(Node, nodeObject(shape, node.address, clock.now()));
    node.lease = await node.client.create(Lease, leaseObject(made, clock.now()));
    this.#nodes.set(name, node);
    this.#heartbeats.add(name);
    // Pods may have been bound to the name before.
    for (const pod of this.#pods.list()) if (pod.spec.nodeName === name) this.#queue.add(keyOf(pod));
  }

  async #renew(name: string): Promise<void> {
    const { scope, clock } = this.#options;
    const node = this.#nodes.get(name);
    if (!node?.lease || node.lost) return;
    const spec = { ...node.lease.spec, renewTime: formatMicroTime(clock.now()) };
    try {
      node.lease = await node.client.update(Lease, { ...node.lease, spec } as Lease);
    } catch (error) {
      if (scope.closed) return;
      log.warn("lease not renewed", { node: name, error });
      if (hasReason(error, "Conflict", "NotFound")) {
        node.lease = await node.client.find(Lease, { namespace: LEASES, name }).catch(() => node.lease);
      }
    }
  }

  async #work(key: string): Promise<Worked> {
    try {
      const written = await this.#settle(key);
      this.#queue.succeeded(key);
      const { signal } = this.#options.scope;
      return written ? { until: this.#pods.reached(written, { signal }).catch(() => undefined) } : {};
    } catch (error) {
      if (this.#options.scope.closed) return {};
      // Somebody else wrote first: what they wrote wakes us, or has done so already.
      if (hasReason(error, "Conflict")) this.#queue.retry(key);
      else if (!hasReason(error, "NotFound")) {
        log.warn("pod not run", { pod: key, error: asError(error) });
        this.#queue.addAfter(key, RETRY_MS);
      }
      return {};
    }
  }

  /** Brings one pod to where it should be by now; gives the version of what was written. */
  async #settle(key: string): Promise<string | undefined> {
    const { clock } = this.#options;
    const pod = this.#pods.getByKey(key);
    const node = pod && this.#nodes.get(pod.spec.nodeName ?? "");
    if (!pod || !node || node.lost) return undefined;
    const now = clock.now();
    const life = this.#lifeOf(pod);
    if (pod.metadata.deletionTimestamp !== undefined) return this.#stop(pod, node, life, now);
    if (pod.status.phase === "Succeeded" || pod.status.phase === "Failed") return undefined;
    const { run, nextMs } = progress(pod, this.#runOf(pod, now), life, now);
    this.#runs.set(pod.metadata.uid, run);
    if (nextMs !== undefined) this.#queue.addAfter(key, nextMs - now);
    if (run.state.is === "waiting") return undefined;
    const status = podStatus(pod, run, life, node.address, now);
    if (sameJson(status, pod.status)) return undefined;
    return (await node.client.updateStatus(Pod, { ...pod, status })).metadata.resourceVersion;
  }

  async #stop(pod: Pod, { client }: SimulatedNode, life: PodLife, now: number): Promise<undefined> {
    const waitMs = goneAtMs(pod, life) - now;
    if (waitMs > 0) return void this.#queue.addAfter(keyOf(pod), waitMs);
    const { namespace, name, uid, finalizers = [] } = pod.metadata;
    const run = this.#runs.get(uid);
    // Whoever holds the pod with a finalizer wants to see how it ended.
    if (finalizers.length > 0 && run && run.state.is !== "finished") {
      const exit = { code: 0, startedMs: run.seenMs, atMs: now };
      const finished: PodRun = { ...run, lastExit: exit, state: { is: "finished" } };
      this.#runs.set(uid, finished);
      const status = podStatus(pod, finished, life, pod.status.hostIP ?? "", now);
      await client.updateStatus(Pod, { ...pod, status });
    }
    await client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
  }

  /** A pod that ran already, as after a restart of this process, goes on. */
  #runOf(pod: Pod, now: number): PodRun {
    const known = this.#runs.get(pod.metadata.uid);
    if (known) return known;
    const podCidr = this.#objects.get(undefined, pod.spec.nodeName ?? "")?.spec.podCIDR;
    const ip = pod.status.podIP ?? this.#addresses.take(podCidr);
    const running = pod.status.phase === "Running";
    return {
      seenMs: now,
      ip,
      restarts: 0,
      state: running ? { is: "running", sinceMs: now } : { is: "waiting" },
    };
  }

  #forget(pod: Pod): void {
    const run = this.#runs.get(pod.metadata.uid);
    if (!run) return;
    this.#addresses.release(run.ip);
    this.#runs.delete(pod.metadata.uid);
  }
}
