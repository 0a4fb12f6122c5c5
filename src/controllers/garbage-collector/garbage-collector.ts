/**
 * Deletes objects whose owners are gone, over all kinds: in the background, in the foreground (dependents first), or
 * leaves the dependents as orphans.
 */
import { asError, attempt } from "#base/attempt";
import { sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { Informer } from "#client/informer";
import { storedKinds } from "#client/kinds";
import type { AnyObject, AnyOwner, Resource } from "#machinery/schema";
import { hasReason, type StatusError } from "#machinery/status";
import { aborted } from "#reconciler/aborted";
import { inParallel } from "#reconciler/batches";
import type { Controller, Environment } from "#reconciler/controller";
import { refersTo } from "#reconciler/owner";
import { QueueMeters } from "#reconciler/queue-meters";
import { WorkQueue } from "#reconciler/work-queue";
import { followAddedKinds } from "../added-kinds.ts";
import {
  awaitsDependents,
  type Effects,
  FOREGROUND,
  isNamedRightly,
  isVirtual,
  type Known,
  type Node,
  ORPHAN,
  OwnerGraph,
} from "./graph.ts";
import { type OwnerState, planFor, type Step } from "./plan.ts";

const log = logger("garbage-collector");

const NAME = "generic-garbage-collector";
const WORKERS = 20;

/** A kind that another server or a webhook does not show by then is waited for no longer. */
const ADDED_MS = 30_000;

/** Events are many, own nothing, and expire by themselves. */
const isCollected = ({ plural, verbs }: Resource): boolean => plural !== "events" && verbs.includes("delete");

const VERBS = ["delete", "get", "list", "patch", "update", "watch"];

export const garbageCollector: Controller = {
  name: NAME,
  rules: [{ apiGroups: ["*"], resources: ["*"], verbs: VERBS }],
  start: (environment) => new Collector(environment).start(),
};

class Collector {
  readonly #environment: Environment;
  readonly #graph = new OwnerGraph();
  readonly #kinds = new Set<Resource>();
  /** Kinds that were followed, and may come back by another version: what went meanwhile nobody has told. */
  readonly #left = new Set<string>();
  readonly #checks: WorkQueue;
  readonly #orphans: WorkQueue;

  constructor(environment: Environment) {
    this.#environment = environment;
    const { clock } = environment;
    const metersOf = (queue: string) =>
      new QueueMeters({ ...environment, name: `garbage_collector_${queue}` });
    const work = (queue: () => WorkQueue, step: (uid: string) => Promise<void>) => async (uid: string) => {
      await this.#attempt(queue(), uid, step);
      return {};
    };
    this.#checks = new WorkQueue({
      clock,
      meters: metersOf("attempt_to_delete"),
      workers: WORKERS,
      held: true,
      work: work(
        () => this.#checks,
        (uid) => this.#check(uid),
      ),
    });
    this.#orphans = new WorkQueue({
      clock,
      meters: metersOf("attempt_to_orphan"),
      workers: WORKERS,
      held: true,
      work: work(
        () => this.#orphans,
        (uid) => this.#orphan(uid),
      ),
    });
  }

  start(): void {
    const { scope, informers } = this.#environment;
    const kinds = storedKinds.filter(isCollected);
    const caches = kinds.map((kind) => informers.of(kind, { metadataOnly: true }));
    for (const cache of caches) this.#follow(cache);
    scope.run(async (signal) => {
      await Promise.race([Promise.all(caches.map(({ synced }) => synced)), aborted(signal)]);
      if (signal.aborted) return;
      await this.#followAdded(signal);
      if (signal.aborted) return;
      // A graph that is not whole would let owners go before their dependents, or without setting them free.
      for (const queue of [this.#checks, this.#orphans]) queue.release();
      await aborted(signal);
      await Promise.all([this.#checks.close(), this.#orphans.close()]);
    });
  }

  #follow(cache: Informer<AnyObject>): void {
    const { resource } = cache;
    this.#kinds.add(resource);
    const seen = (object: AnyObject) => this.#apply(this.#graph.seen(resource, object));
    cache.handle({
      added: seen,
      updated: seen,
      deleted: ({ metadata }) => this.#apply(this.#graph.gone(metadata.uid)),
    });
  }

  /** Resolves when the kinds that were added before are followed and seen, as far as they can be soon. */
  async #followAdded(signal: AbortSignal): Promise<void> {
    const { clock } = this.#environment;
    const filling = new Set<Promise<unknown>>();
    const added = (kind: Resource, own: Scope) => {
      if (!isCollected(kind)) return;
      const filled = Promise.race([this.#open(kind, own).synced, aborted(own.signal)]);
      filling.add(filled);
      void filled.finally(() => filling.delete(filled));
    };
    const known = followAddedKinds({ ...this.#environment, added });
    const late = new AbortController();
    const tooLong = sleep(clock, ADDED_MS, { signal: AbortSignal.any([signal, late.signal]) });
    await Promise.race([known.then(() => Promise.all(filling)), attempt(() => tooLong)]);
    late.abort();
  }

  #open(kind: Resource, own: Scope): Informer<AnyObject> {
    const { client, clock, random } = this.#environment;
    const cache = new Informer({ client, clock, random, resource: kind, selection: { metadataOnly: true } });
    own.run((signal) => cache.run(signal));
    const name = `${kind.plural}.${kind.group}`;
    own.defer(() => {
      this.#kinds.delete(kind);
      this.#left.add(name);
    });
    this.#follow(cache);
    if (this.#left.delete(name)) void cache.synced.then(() => this.#apply(this.#graph.settle(kind)));
    return cache;
  }

  #apply({ check, orphan }: Effects): void {
    for (const { uid } of check) this.#checks.add(uid);
    for (const { uid } of orphan) this.#orphans.add(uid);
  }

  async #attempt(queue: WorkQueue, uid: string, step: (uid: string) => Promise<void>): Promise<void> {
    const { scope } = this.#environment;
    try {
      await step(uid);
      queue.succeeded(uid);
    } catch (error) {
      if (scope.closed) return;
      const failures = queue.retry(uid);
      if (!hasReason(error, "Conflict"))
        log.warn("object not collected", { uid, failures, error: asError(error) });
    }
  }

  async #check(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    if (!node) return;
    if (isVirtual(node)) return this.#verify(node);
    const owners: OwnerState[] = [];
    for (const owner of node.known?.ownerReferences ?? []) {
      const state = await this.#stateOf(owner, node);
      if (!state) return;
      owners.push(state);
    }
    await this.#carryOut(planFor(node, owners), node);
  }

  /** Is what others name as their owner there? If not, they are to be looked at. */
  async #verify(node: Node): Promise<void> {
    if (!node.named) return;
    const { owner, namespace } = node.named;
    if ((await this.#exists(owner, namespace)) === false) this.#apply(this.#graph.missing(owner, namespace));
  }

  /** Undefined: it cannot be told, and nothing may be done to the dependent. */
  async #stateOf(owner: AnyOwner, dependent: Node): Promise<OwnerState | undefined> {
    const node = this.#graph.get(owner.uid);
    if (node && !isVirtual(node)) {
      if (!isNamedRightly(owner, node, dependent)) return this.#stateOfMisnamed(owner, node, dependent);
      return { owner, is: awaitsDependents(node) ? "waiting" : "there" };
    }
    const namespace = dependent.known?.namespace ?? "";
    if (this.#graph.isKnownAbsent(owner, namespace)) return { owner, is: "absent" };
    const exists = await this.#exists(owner, namespace);
    if (exists === undefined) return undefined;
    if (!exists) this.#apply(this.#graph.missing(owner, namespace));
    return { owner, is: exists ? "there" : "absent" };
  }

  /** A cluster-scoped object cannot have an owner in a namespace; that is a mistake and no reason to delete it. */
  #stateOfMisnamed(owner: AnyOwner, { kind }: Node, dependent: Node): OwnerState | undefined {
    const impossible = kind?.namespaced === true && !dependent.known?.namespace;
    return impossible ? undefined : { owner, is: "absent" };
  }

  /** Asks the server. Undefined when the kind is unknown. */
  async #exists(owner: AnyOwner, namespace: string): Promise<boolean | undefined> {
    const { client, scope } = this.#environment;
    const kind = [...this.#kinds].find((candidate) => refersTo(owner, candidate));
    if (!kind || (kind.namespaced && namespace === "")) return undefined;
    const at = { ...(kind.namespaced ? { namespace } : {}), name: owner.name };
    try {
      const found = await client.get(kind, at, { signal: scope.signal });
      return found.metadata.uid === owner.uid;
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      // Whoever does not serve the kind does not know its objects either: it names none.
      return (error as StatusError).status.details?.name === undefined ? undefined : false;
    }
  }

  async #carryOut(step: Step, node: Node): Promise<void> {
    switch (step.do) {
      case "nothing":
        return;
      case "check":
        return this.#apply({ check: step.nodes, orphan: [] });
      case "delete":
        return this.#delete(node, step.propagation);
      case "drop owners":
        return this.#patchOwners(node, (owners) => owners.filter(({ uid }) => !step.uids.includes(uid)));
      case "unblock and delete":
        await this.#patchOwners(node, (owners) =>
          owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
        );
        return this.#delete(node, "Foreground", false);
      case "finish foreground":
        return this.#removeFinalizer(node, FOREGROUND);
    }
  }

  /** Sets all dependents free, then lets the owner go. */
  async #orphan(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    if (!node?.known) return;
    await inParallel([...node.dependents], (dependent) =>
      this.#patchOwners(dependent, (owners) => owners.filter((owner) => owner.uid !== uid)),
    );
    await this.#removeFinalizer(node, ORPHAN);
  }

  async #delete(
    node: Node,
    propagationPolicy: "Background" | "Foreground" | "Orphan",
    asSeen = true,
  ): Promise<void> {
    const { uid, kind, known } = node;
    if (!kind || !known) return;
    const { resourceVersion } = known;
    // Somebody may have adopted it since: then its version is another.
    const preconditions = asSeen ? { uid, resourceVersion } : { uid };
    const { client, scope } = this.#environment;
    await ignoring(["NotFound"], () =>
      client.delete(kind, addressOf(known), { propagationPolicy, preconditions, signal: scope.signal }),
    );
  }

  async #patchOwners(
    node: Node,
    change: (owners: readonly AnyOwner[]) => readonly AnyOwner[],
  ): Promise<void> {
    const before = node.known?.ownerReferences ?? [];
    await this.#patch(node, { ownerReferences: change(before) });
  }

  async #removeFinalizer(node: Node, finalizer: string): Promise<void> {
    const finalizers = (node.known?.finalizers ?? []).filter((other) => other !== finalizer);
    await this.#patch(node, { finalizers });
  }

  async #patch({ kind, known }: Node, metadata: Readonly<Record<string, unknown>>): Promise<void> {
    if (!kind || !known) return;
    const { client, scope } = this.#environment;
    const { resourceVersion } = known;
    const patch = { metadata: { resourceVersion, ...metadata } };
    await ignoring(["NotFound"], () =>
      client.mergePatch(kind, addressOf(known), patch, { signal: scope.signal }),
    );
  }
}

const addressOf = ({ namespace, name }: Known) => (namespace ? { namespace, name } : { name });

async function ignoring(reasons: readonly "NotFound"[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasReason(error, ...reasons)) throw error;
  }
}
