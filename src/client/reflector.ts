import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { hasReason, StatusError } from "#machinery/status";
import type { AnyObject, Resource } from "#machinery/schema";
import { Backoff } from "./backoff.ts";
import { keyAt } from "./address.ts";
import type { Client, Selection } from "./client.ts";
import { addressOfHeld, type Held, heldIn, versionOf } from "./held.ts";
import type { WatchEvent } from "./transport.ts";

const log = logger("reflector");

const BACKOFF = { initialMs: 800, maxMs: 30_000, jitter: 1, resetAfterMs: 120_000 };
/** A server that is not there is missed by everybody: its return is noticed soon. */
const UNREACHED = { ...BACKOFF, maxMs: 2_000 };
/** A watch that lived at least this long may be opened again at once. */
const HEALTHY_WATCH_MS = 1_000;

/** Where a reflector puts what it learns. */
export interface Mirror<T> {
  /** Nothing has been put there yet: then it is filled step by step, and `filled` says when it is whole. */
  readonly isEmpty: boolean;
  found(object: Held<T>): void;
  filled(resourceVersion: string): void;
  /** Everything there is, as of `resourceVersion`: whenever history was lost. */
  replace(objects: ReadonlyMap<string, Held<T>>, resourceVersion: string): void;
  changed(type: "ADDED" | "MODIFIED" | "DELETED", object: Held<T>): void;
  /** Nothing new up to here. */
  reached(resourceVersion: string): void;
}

export interface ReflectorOptions<T extends AnyObject> {
  readonly client: Client;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
  readonly clock: Clock;
  readonly random: Random;
}

/** When to follow again. A server that says no gets more time than one that says nothing. */
type Next = "at once" | "soon" | "later" | "when it is there";

/**
 * Keeps a mirror of one kind true until the signal ends it: WatchList where the server offers it, else list and
 * watch; goes on from the last resource version after a lost connection, and starts over where history is gone.
 */
export class Reflector<T extends AnyObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #mirror: Mirror<T>;
  readonly #backoff: Backoff;
  readonly #unreached: Backoff;
  /** Undefined: the mirror is to be filled from the start. */
  #resourceVersion: string | undefined;
  #offersWatchList = true;

  constructor(options: ReflectorOptions<T>, mirror: Mirror<T>) {
    this.#options = options;
    this.#mirror = mirror;
    this.#backoff = new Backoff(BACKOFF, options.clock, options.random);
    this.#unreached = new Backoff(UNREACHED, options.clock, options.random);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const startedMs = clock.monotonic();
      const next = await this.#follow(signal);
      if (signal.aborted) return;
      if (next === "at once" || (next === "soon" && clock.monotonic() - startedMs >= HEALTHY_WATCH_MS))
        continue;
      const backoff = next === "when it is there" ? this.#unreached : this.#backoff;
      await sleep(clock, backoff.nextMs(), { signal }).catch(() => undefined);
    }
  }

  /** One list, where one is needed, and one watch until it ends. */
  async #follow(signal: AbortSignal): Promise<Next> {
    try {
      if (this.#resourceVersion === undefined && !this.#offersWatchList) await this.#list(signal);
      await this.#watch(signal);
      return "soon";
    } catch (error) {
      return signal.aborted ? "later" : this.#afterFailure(error);
    }
  }

  #afterFailure(error: unknown): Next {
    const { resource } = this.#options;
    if (this.#resourceVersion !== undefined && hasReason(error, "Expired", "Gone")) {
      this.#resourceVersion = undefined;
      return "at once";
    }
    if (this.#resourceVersion === undefined && this.#offersWatchList && refused(error)) {
      this.#offersWatchList = false;
      return "at once";
    }
    log.warn("watch failed", { kind: resource.kind, group: resource.group, error });
    return error instanceof StatusError ? "later" : "when it is there";
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, selection } = this.#options;
    const begin = this.#begin();
    let resourceVersion = "";
    for await (const page of client.pages(resource, { ...selection, signal })) {
      for (const object of page.items) begin.found(object);
      resourceVersion = page.resourceVersion;
    }
    this.#begun(begin, resourceVersion);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, selection } = this.#options;
    const initialEvents = this.#resourceVersion === undefined;
    const resourceVersion = this.#resourceVersion ?? "";
    let begin = initialEvents ? this.#begin() : undefined;
    const events = client.watch(resource, { ...selection, signal, resourceVersion, initialEvents });
    for await (const event of events) {
      if (signal.aborted) return;
      if (!begin) this.#live(event);
      else if (event.type !== "BOOKMARK") {
        if (event.type === "DELETED") begin.lost(heldIn(event));
        else begin.found(heldIn(event));
      } else if (event.initialEventsEnd) {
        this.#begun(begin, event.resourceVersion);
        begin = undefined;
      }
    }
  }

  #live(event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") {
      this.#resourceVersion = event.resourceVersion;
      this.#mirror.reached(event.resourceVersion);
    } else {
      const held = heldIn(event);
      this.#resourceVersion = versionOf(held);
      this.#mirror.changed(event.type, held);
    }
  }

  /** An empty mirror takes what comes. One that shows an older state shows it until the new one is complete. */
  #begin(): Beginning<T> {
    return this.#mirror.isEmpty
      ? new Filling(this.#mirror)
      : new Collecting(this.#mirror, this.#options.resource);
  }

  #begun(beginning: Beginning<T>, resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    beginning.complete(resourceVersion);
    this.#backoff.reset();
    this.#unreached.reset();
  }
}

/** How the state that a watch begins with comes into the mirror. */
interface Beginning<T> {
  found(object: Held<T>): void;
  lost(object: Held<T>): void;
  complete(resourceVersion: string): void;
}

class Filling<T extends AnyObject> implements Beginning<T> {
  readonly #mirror: Mirror<T>;

  constructor(mirror: Mirror<T>) {
    this.#mirror = mirror;
  }

  found(object: Held<T>): void {
    this.#mirror.found(object);
  }

  lost(object: Held<T>): void {
    this.#mirror.changed("DELETED", object);
  }

  complete(resourceVersion: string): void {
    this.#mirror.filled(resourceVersion);
  }
}

class Collecting<T extends AnyObject> implements Beginning<T> {
  readonly #mirror: Mirror<T>;
  readonly #namespaced: boolean;
  readonly #objects = new Map<string, Held<T>>();

  constructor(mirror: Mirror<T>, { namespaced }: Resource<T>) {
    this.#mirror = mirror;
    this.#namespaced = namespaced;
  }

  found(object: Held<T>): void {
    this.#objects.set(this.#keyOf(object), object);
  }

  lost(object: Held<T>): void {
    this.#objects.delete(this.#keyOf(object));
  }

  complete(resourceVersion: string): void {
    this.#mirror.replace(this.#objects, resourceVersion);
  }

  #keyOf(object: Held<T>): string {
    return keyAt(addressOfHeld(object, this.#namespaced));
  }
}

/** Servers without WatchList say no to the request itself. */
const refused = (error: unknown): boolean => hasReason(error, "Invalid", "BadRequest", "MethodNotAllowed");
