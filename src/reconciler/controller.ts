import type { LabelSelector } from "#api/meta-v1/labelselector";
import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Measures } from "#base/measures";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { addressOf, keyAt, keyOf, type Address } from "#client/address";
import type { Client } from "#client/client";
import type { Informer } from "#client/informer";
import type { InformerSet } from "#client/informer-set";
import { compileSelector } from "#machinery/label-selector";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import { aborted } from "./aborted.ts";
import { claim } from "./claim.ts";
import type { EventRecorder } from "./events.ts";
import { isNamespaceGoing } from "./namespace-going.ts";
import { QueueMeters } from "./queue-meters.ts";
import { BY_CONTROLLER, controllerKeys, controllerOf, refersTo } from "./owner.ts";
import { type PolicyRule, rulesOf, type Write } from "./roles.ts";
import { WorkQueue, type Worked } from "./work-queue.ts";
import { Departures, WriteBarrier } from "./write-barrier.ts";
import { Writer } from "./write.ts";

const log = logger("controller");

const WORKERS = 8;

/** What every controller of a process gets. */
export interface Environment {
  readonly client: Client;
  readonly informers: InformerSet;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  /** The controller runs until it closes. */
  readonly scope: Scope;
  readonly measures: Measures;
}

export interface Controller {
  readonly name: string;
  /** What it must be allowed to do. */
  readonly rules: readonly PolicyRule[];
  start(environment: Environment): void;
}

/** The caches of the kinds that a controller has declared. */
export interface Caches {
  readonly cache: <T extends AnyObject>(resource: Resource<T>) => Informer<T>;
}

/** What one pass over one object may use. */
export interface Pass extends Caches {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly write: Writer;
  readonly measures: Measures;
  /**
   * The owned objects of a kind: adopts those that match and are nobody's, lets go those that do not match. With a
   * finalizer, adopted objects are held by it, and those that are let go are not.
   */
  claim<T extends AnyObject>(
    resource: Resource<T>,
    selector: LabelSelector,
    finalizer?: string,
  ): Promise<readonly T[]>;
  /** Tells users what happened to an object. */
  event(about: AnyObject, type: "Normal" | "Warning", reason: string, message: string): void;
}

export interface Outcome {
  /** Look at the object again after so many milliseconds, also when nothing changes. */
  readonly afterMs?: number | undefined;
}

/** Changes of another kind that concern objects of the watched kind. */
export interface Wake {
  readonly on: Resource;
  /** Its metadata is enough: in a process beside the server's, nothing else is fetched. */
  readonly metadataOnly?: boolean;
  /**
   * Keys of the objects to look at again. Called for the object as it is, and on updates as it was. While the caches fill,
   * others may not show all yet: what is missed then is among the watched objects that are yet to come.
   */
  keys(object: AnyObject, caches: Caches): Iterable<string>;
  /** Does this update matter? By default all do. */
  matters?(object: AnyObject, before: AnyObject): boolean;
}

/** Types a `Wake` by its kind. */
export const wake = <T extends AnyObject>(
  on: Resource<T>,
  keys: (object: T, caches: Caches) => Iterable<string>,
  matters?: (object: T, before: T) => boolean,
): Wake => ({ on, keys, matters }) as unknown as Wake;

export interface ControllerSpec<T extends AnyObject> {
  readonly name: string;
  /** The kind it keeps true: one pass works on one object of it. */
  readonly watches: Resource<T>;
  /**
   * Does a watched object that is new to the cache need a look? By default all do. What this says no to must be woken by
   * what would make it say yes, also while the caches fill.
   */
  concerns?(object: T, caches: Caches): boolean;
  /** Does this update of a watched object matter? By default all do. */
  matters?(object: T, before: T): boolean;
  /** Kinds it makes; a change to one wakes the object that controls it. */
  readonly owns?: readonly Resource[];
  /** Owned objects that are nobody's wake the objects that select them. */
  selectorOf?(object: T): LabelSelector | undefined;
  readonly wakes?: readonly Wake[];
  /** Kinds it looks at, without being woken by them. */
  readonly reads?: readonly Resource[];
  /** What it writes beyond owned objects and the status of the watched ones. */
  readonly writes?: readonly Write[];
  /** Rights that are not about kinds it knows. */
  readonly rights?: readonly PolicyRule[];
  readonly workers?: number;
  /** Work from elsewhere than the declared kinds. Called once, when the caches are filled; `wake` takes keys of watched objects. */
  sources?(environment: Environment, wake: (key: string) => void): void;
  /** Indexes it needs on the caches of declared kinds. */
  index?(caches: Caches): void;
  reconcile(object: T, pass: Pass): Promise<Outcome | void>;
  /** The object is gone from the cache. */
  gone?(at: Address, pass: Pass): Promise<Outcome | void>;
}

/** A controller that is woken by changes, works on one object at a time, and looks at state and never at history. */
export function controller<T extends AnyObject>(spec: ControllerSpec<T>): Controller {
  return {
    name: spec.name,
    rules: rulesOf({ ...spec, watches: spec.watches as unknown as Resource }),
    start: (environment) => new Runner(spec, environment).start(),
  };
}

class Runner<T extends AnyObject> implements Caches {
  readonly #spec: ControllerSpec<T>;
  readonly #environment: Environment;
  readonly #caches = new Map<unknown, Informer<AnyObject>>();
  readonly #departures = new Departures();
  readonly #queue: WorkQueue;

  constructor(spec: ControllerSpec<T>, environment: Environment) {
    this.#spec = spec;
    this.#environment = environment;
    const { name, workers = WORKERS } = spec;
    const { clock } = environment;
    const meters = new QueueMeters({ ...environment, name });
    this.#queue = new WorkQueue({ clock, workers, meters, held: true, work: (key) => this.#pass(key) });
    const { wakes = [] } = spec;
    for (const { on, metadataOnly = false } of wakes)
      if (metadataOnly) this.#caches.set(on, environment.informers.of(on, { metadataOnly }));
    for (const kind of this.#kinds())
      if (!this.#caches.has(kind)) this.#caches.set(kind, environment.informers.of(kind));
  }

  /** Hears of everything while the caches fill, so that no object is looked up for this alone; works when they are full. */
  start(): void {
    const { scope } = this.#environment;
    const stops = this.#listen();
    scope.run(async (signal) => {
      await Promise.race([this.#synced(), aborted(signal)]);
      if (!signal.aborted) this.#queue.release();
      await aborted(signal);
      for (const stop of stops) stop();
      this.#departures.close();
      await this.#queue.close();
    });
  }

  /** A function of its own, so that it can be taken out of `Caches`. */
  readonly cache = <U extends AnyObject>(resource: Resource<U>): Informer<U> => {
    const informer = this.#caches.get(resource);
    if (!informer)
      throw new RangeError(`${this.#spec.name} has not declared that it reads ${resource.plural}`);
    return informer as unknown as Informer<U>;
  };

  #kinds(): readonly Resource[] {
    const { watches, owns = [], wakes = [], reads = [] } = this.#spec;
    return [watches as unknown as Resource, ...owns, ...wakes.map(({ on }) => on), ...reads];
  }

  #synced(): Promise<unknown> {
    return Promise.all([...this.#caches.values()].map((informer) => informer.synced));
  }

  #listen(): (() => void)[] {
    const { owns = [], wakes = [] } = this.#spec;
    for (const kind of owns) this.cache(kind).addIndex(BY_CONTROLLER, controllerKeys);
    this.#spec.index?.(this);
    this.#spec.sources?.(this.#environment, (key) => this.#queue.add(key));
    return [
      ...wakes.map((wake) => this.#listenTo(wake)),
      ...owns.map((kind) => this.#listenTo({ on: kind, keys: (object) => this.#ownersOf(object) })),
      this.#listenToWatched(),
    ];
  }

  #listenToWatched(): () => void {
    const matters = this.#spec.matters?.bind(this.#spec);
    const concerns = this.#spec.concerns?.bind(this.#spec);
    return this.cache(this.#spec.watches).handle({
      added: (object) => (!concerns || concerns(object, this)) && this.#queue.add(keyOf(object)),
      updated: (object, before) => (!matters || matters(object, before)) && this.#queue.add(keyOf(object)),
      deleted: (object) => this.#queue.add(keyOf(object)),
    });
  }

  #listenTo(wake: Wake): () => void {
    const tell = (object: AnyObject) => {
      for (const key of wake.keys(object, this)) this.#queue.add(key);
    };
    return this.cache(wake.on).handle({
      added: tell,
      updated: (object, before) => {
        if (wake.matters && !wake.matters(object, before)) return;
        tell(before);
        tell(object);
      },
      deleted: tell,
    });
  }

  *#ownersOf(object: AnyObject): Iterable<string> {
    const { watches, selectorOf } = this.#spec;
    const { namespace, labels = {} } = object.metadata;
    const owner = controllerOf(object);
    if (owner) {
      if (refersTo(owner, watches)) yield keyAt({ ...(namespace ? { namespace } : {}), name: owner.name });
      return;
    }
    if (!selectorOf || object.metadata.deletionTimestamp !== undefined) return;
    for (const candidate of this.cache(watches).list(namespace)) {
      const selector = selectorOf.call(this.#spec, candidate);
      if (selector && compileSelector(selector)(labels)) yield keyOf(candidate);
    }
  }

  async #pass(key: string): Promise<Worked> {
    const { clock, scope } = this.#environment;
    const barrier = new WriteBarrier(this.#departures);
    await this.#reconcile(key, this.#passWith(key, barrier));
    return scope.closed ? {} : { until: barrier.settled(clock, scope.signal) };
  }

  async #reconcile(key: string, pass: Pass): Promise<void> {
    const { watches } = this.#spec;
    const object = this.cache(watches).getByKey(key);
    try {
      const result = object
        ? await this.#spec.reconcile(object, pass)
        : await this.#spec.gone?.(addressOf(key), pass);
      this.#queue.succeeded(key);
      if (result?.afterMs !== undefined) this.#queue.addAfter(key, result.afterMs);
    } catch (error) {
      this.#failed(key, error);
    }
  }

  #failed(key: string, error: unknown): void {
    const failures = this.#queue.retry(key);
    const isExpected = hasReason(error, "Conflict") || isNamespaceGoing(error);
    if (isExpected || this.#environment.scope.closed) return;
    log.warn("pass failed", { controller: this.#spec.name, key, failures, error: asError(error) });
  }

  #passWith(key: string, barrier: WriteBarrier): Pass {
    const { client, clock, random, scope, events, measures } = this.#environment;
    const { signal } = scope;
    const write = new Writer({ client, clock, signal, barrier, cacheOf: (kind) => this.#caches.get(kind) });
    return {
      clock,
      random,
      client,
      signal,
      write,
      measures,
      cache: this.cache,
      event: (about, type, reason, message) => events.record(about, type, reason, message),
      claim: (owned, selector, finalizer) => {
        const owner = this.cache(this.#spec.watches).getByKey(key);
        if (!owner) throw new RangeError(`nothing to claim for: ${key} is gone`);
        const kinds = { owner: this.#spec.watches, owned, finalizer };
        return claim(kinds, owner, selector, { cache: this.cache(owned), client, write, signal });
      },
    };
  }
}
