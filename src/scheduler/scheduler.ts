import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { type Measures, noMeasures } from "#base/measures";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Client } from "#client/client";
import type { InformerSet } from "#client/informer-set";
import { matchesSelector } from "#machinery/label-selector";
import { hasReason } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { aborted } from "#reconciler/aborted";
import { EventRecorder } from "#reconciler/events";
import { nodeChanges, podChanges } from "./changes.ts";
import { ClusterState, occupies } from "./cluster-state.ts";
import { type Cycle, place, type Placement } from "./cycle.ts";
import { explain } from "./explain.ts";
import { SchedulerMetrics } from "./metrics.ts";
import type { NodeInfo } from "./node-info.ts";
import type { Marked } from "./placed-pod.ts";
import type { Plugin } from "./plugin.ts";
import { defaultPlugins } from "./plugins/registry.ts";
import { planPreemption, type Preemption } from "./preemption.ts";
import { SchedulingQueue } from "./queue.ts";

const log = logger("scheduler");

export const DEFAULT_SCHEDULER = "default-scheduler";

/** Bindings and reports under way at once; more would only wait in the API server's queues. */
const WRITES_MAX = 128;
/** After this many pods in a row other work of the process gets its turn. */
const PODS_PER_TURN = 32;

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
  /** Only pods that name this scheduler are placed. */
  readonly name?: string;
  readonly plugins?: readonly Plugin[];
  readonly measures?: Measures;
}

type Failure = Extract<Placement, { placed: false }>;

/** Places pods on nodes: one at a time, against a state of its own that already counts what it has just placed. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #name: string;
  readonly #plugins: readonly Plugin[];
  readonly #state = new ClusterState();
  readonly #queue: SchedulingQueue;
  readonly #cycle: Cycle;
  readonly #events: EventRecorder;
  readonly #metrics: SchedulerMetrics;
  /** Nothing is placed before everything has been heard of. */
  #running = true;
  #writes = 0;
  /** Pods that have been given a node and are not bound to it yet. */
  #binding = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#name = options.name ?? DEFAULT_SCHEDULER;
    this.#plugins = options.plugins ?? defaultPlugins;
    const { clock, random, measures = noMeasures } = options;
    this.#metrics = new SchedulerMetrics(measures, this.#name, clock);
    this.#cycle = { plugins: this.#plugins, random, start: 0, lap: this.#metrics.lap };
    this.#queue = new SchedulingQueue(
      clock,
      this.#plugins,
      () => this.#wake(),
      (event, queue) => this.#metrics.incoming(event, queue),
    );
    this.#events = new EventRecorder({ ...options, component: this.#name });
  }

  /** Watches and places until the scope closes. */
  async start(): Promise<void> {
    const { informers, scope } = this.#options;
    scope.defer(this.#show());
    const budgets = informers.of(PodDisruptionBudget);
    const [nodes, namespaces, pods] = [informers.of(Node), informers.of(Namespace), informers.of(Pod)];
    nodes.handle({
      added: (node) => {
        this.#state.setNode(node);
        this.#queue.changed({ kind: "Node", change: "added" });
      },
      updated: (node, before) => {
        this.#state.setNode(node);
        for (const change of nodeChanges(before, node)) this.#queue.changed(change);
      },
      deleted: (node) => this.#state.removeNode(node.metadata.name),
    });
    const setNamespace = ({ metadata }: Namespace) => {
      this.#state.setNamespace(metadata.name, metadata.labels ?? {});
      this.#queue.changed({ kind: "Namespace", change: "labels" });
    };
    namespaces.handle({
      added: setNamespace,
      updated: setNamespace,
      deleted: ({ metadata }) => this.#state.setNamespace(metadata.name, undefined),
    });
    pods.handle({
      added: (pod) => this.#podChanged(pod, undefined),
      updated: (pod, before) => this.#podChanged(pod, before),
      deleted: (pod) => this.#podGone(pod),
    });
    const synced = Promise.all([nodes, namespaces, budgets, pods].map((cache) => cache.synced));
    await Promise.race([synced, aborted(scope.signal)]);
    if (scope.closed) return;
    this.#running = false;
    if (this.#queue.size > 0) this.#wake();
    log.info("scheduler started", { nodes: this.#state.nodes.size, pending: this.#queue.size });
  }

  #show(): () => void {
    return this.#metrics.watch({
      pending: () => this.#queue.pending(),
      rejected: () => this.#queue.rejected(),
      cached: () => ({ nodes: this.#state.nodes.size, pods: this.#state.podCount, assumed: this.#binding }),
    });
  }

  #podChanged(pod: Pod, before: Pod | undefined): void {
    if (!occupies(pod)) return this.#podGone(pod);
    if (!pod.spec.nodeName) return this.#pendingChanged(pod, before);
    this.#queue.delete(pod.metadata.uid);
    this.#state.clearNomination(pod.metadata.uid);
    this.#state.setPod(pod, pod.spec.nodeName);
    if (!before?.spec.nodeName) this.#queue.changed({ kind: "Pod", change: "added" });
    else for (const change of podChanges(before, pod)) this.#queue.changed(change);
  }

  #pendingChanged(pod: Pod, before: Pod | undefined): void {
    if ((pod.spec.schedulerName ?? DEFAULT_SCHEDULER) !== this.#name) return;
    if (pod.metadata.deletionTimestamp) return this.#queue.delete(pod.metadata.uid);
    this.#queue.set(pod);
    const { nominatedNodeName } = pod.status;
    if (nominatedNodeName) this.#state.nominate(pod, nominatedNodeName);
    if (before?.spec.schedulingGates?.length && !pod.spec.schedulingGates?.length) {
      this.#queue.changed({ kind: "Pod", change: "gates" });
    }
  }

  #podGone(pod: Pod): void {
    this.#queue.delete(pod.metadata.uid);
    this.#state.clearNomination(pod.metadata.uid);
    this.#state.removePod(pod);
    this.#queue.changed({ kind: "Pod", change: "deleted" });
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    this.#options.scope.run(() => this.#drain());
  }

  /** Places pods until none is left to try or too many writes are under way. */
  async #drain(): Promise<void> {
    // Pods that arrive together are sorted together.
    await nextTurn();
    for (let placed = 1; this.#writes < WRITES_MAX && !this.#options.scope.closed; placed++) {
      const pod = this.#queue.next();
      if (!pod) break;
      this.#try(pod);
      if (placed % PODS_PER_TURN === 0) await nextTurn();
    }
    this.#running = false;
  }

  /** What goes wrong with one pod keeps no other from its node. */
  #try(pod: Pod): void {
    const startMs = this.#metrics.begin();
    try {
      this.#schedule(pod, startMs);
    } catch (error) {
      this.#metrics.attempted("error", startMs);
      const { namespace, name, uid } = pod.metadata;
      log.error("pod could not be tried", { namespace, pod: name, error });
      this.#queue.failed(uid, new Set());
    }
  }

  #schedule(pod: Pod, startMs: number): void {
    const placement = place(this.#cycle, pod, this.#state);
    this.#metrics.searched(startMs);
    if (!placement.placed) return this.#notPlaced(pod, placement, startMs);
    this.#state.setPod(pod, placement.node.name);
    this.#writes++;
    this.#binding++;
    this.#options.scope.run((signal) => this.#bind(pod, placement.node, startMs, signal));
  }

  async #bind(pod: Pod, node: NodeInfo, startMs: number, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const { clock } = this.#options;
    const bindMs = clock.monotonic();
    // The watch may tell that it is bound before the answer does; then the queue knows it no more.
    const { attempts = 1, sinceMs = startMs } = this.#queue.patienceOf(uid) ?? {};
    try {
      await this.#options.client.bind(Pod, { namespace, name, uid }, node.name, { signal });
      this.#metrics.ran("Bind", clock.monotonic() - bindMs);
      this.#metrics.attempted("scheduled", startMs);
      this.#metrics.placed(attempts, sinceMs);
      this.#queue.placed(uid);
      const message = `Successfully assigned ${namespace}/${name} to ${node.name}`;
      this.#events.record(pod, "Normal", "Scheduled", message, "Binding");
    } catch (error) {
      if (signal.aborted) return;
      this.#metrics.ran("Bind", clock.monotonic() - bindMs, false);
      this.#bindFailed(pod, node, startMs, error);
    } finally {
      this.#writes--;
      this.#binding--;
      this.#wake();
    }
  }

  #bindFailed(pod: Pod, node: NodeInfo, startMs: number, error: unknown): void {
    const bound = this.#options.informers.of(Pod).get(pod.metadata.namespace, pod.metadata.name)
      ?.spec.nodeName;
    if (!bound) this.#state.removePod(pod);
    if (hasReason(error, "NotFound")) return this.#queue.delete(pod.metadata.uid);
    this.#metrics.attempted("error", startMs);
    log.warn("pod not bound", {
      pod: pod.metadata.name,
      namespace: pod.metadata.namespace,
      node: node.name,
      error,
    });
    this.#queue.failed(pod.metadata.uid, new Set());
  }

  #notPlaced(pod: Pod, failure: Failure, startMs: number): void {
    const gated = failure.plugins.has("SchedulingGates");
    const preemption = gated
      ? undefined
      : planPreemption(pod, failure, this.#state, this.#plugins, (victim) => this.#isProtected(victim));
    this.#queue.failed(pod.metadata.uid, failure.plugins);
    if (preemption) this.#state.nominate(pod, preemption.node.name);
    if (gated) return;
    this.#metrics.lap("PostFilter", preemption !== undefined);
    this.#metrics.attempted("unschedulable", startMs);
    const message = this.#explain(failure, preemption);
    this.#events.record(pod, "Warning", "FailedScheduling", message, "Scheduling");
    this.#writes++;
    this.#options.scope.run((signal) => this.#report(pod, message, preemption, signal));
  }

  #explain(failure: Failure, preemption: Preemption | undefined): string {
    const nodes = this.#state.nodes.size;
    const why = explain(nodes, failure.rejections);
    if (preemption || nodes === 0) return why;
    const hopeless = [...failure.rejections.values()].filter(({ preemptible }) => !preemptible).length;
    const parts = [
      ...(nodes > hopeless ? [`${nodes - hopeless} No preemption victims found for incoming pod`] : []),
      ...(hopeless > 0 ? [`${hopeless} Preemption is not helpful for scheduling`] : []),
    ];
    return `${why} preemption: 0/${nodes} nodes are available: ${parts.join(", ")}.`;
  }

  #isProtected(victim: Marked): boolean {
    const { namespace, labels = {} } = victim.metadata;
    for (const { spec, status } of this.#options.informers.of(PodDisruptionBudget).list(namespace)) {
      if (spec.selector && matchesSelector(spec.selector, labels) && (status.disruptionsAllowed ?? 0) <= 0)
        return true;
    }
    return false;
  }

  /** Tells the pod's readers why it waits, and makes room where that was decided. */
  async #report(
    pod: Pod,
    message: string,
    preemption: Preemption | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#writeCondition(pod, message, preemption?.node.name, signal);
      if (preemption) await this.#evict(pod, preemption, signal);
    } catch (error) {
      if (!hasReason(error, "NotFound", "Conflict")) {
        log.warn("pod status not written", {
          pod: pod.metadata.name,
          namespace: pod.metadata.namespace,
          error,
        });
      }
    } finally {
      this.#writes--;
      this.#wake();
    }
  }

  async #writeCondition(
    pod: Pod,
    message: string,
    nominatedNodeName: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const known = pod.status.conditions?.find(({ type }) => type === "PodScheduled");
    const same = known?.status === "False" && known.reason === "Unschedulable" && known.message === message;
    if (same && (nominatedNodeName ?? "") === (pod.status.nominatedNodeName ?? "")) return;
    const now = formatTime(this.#options.clock.now());
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime: known?.status === "False" ? known.lastTransitionTime : now,
    };
    const status = { conditions: [condition], ...(nominatedNodeName ? { nominatedNodeName } : {}) };
    await this.#options.client.strategicPatch(
      Pod,
      pod.metadata,
      { metadata: { uid: pod.metadata.uid }, status },
      { subresource: "status", signal },
    );
  }

  async #evict(pod: Pod, { node, victims }: Preemption, signal: AbortSignal): Promise<void> {
    this.#metrics.preempted(victims.length);
    const now = formatTime(this.#options.clock.now());
    await Promise.all(
      victims.map(async (victim) => {
        if (victim.metadata.deletionTimestamp) return;
        const message = `Preempted by pod ${pod.metadata.uid} on node ${node.name}`;
        this.#events.record(referenceTo(victim), "Normal", "Preempted", message, "Preempting");
        const condition = {
          type: "DisruptionTarget",
          status: "True",
          reason: "PreemptionByScheduler",
          message: `${this.#name}: preempting to accommodate a higher priority pod`,
          lastTransitionTime: now,
        };
        await this.#options.client.strategicPatch(
          Pod,
          victim.metadata,
          { status: { conditions: [condition] } },
          { subresource: "status", signal },
        );
        const preconditions = { uid: victim.metadata.uid };
        await this.#options.client.delete(Pod, victim.metadata, { preconditions, signal });
      }),
    );
  }
}

const referenceTo = ({ metadata: { namespace, name, uid } }: Marked) => ({
  apiVersion: Pod.apiVersion,
  kind: Pod.kind,
  namespace,
  name,
  uid,
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
