import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { hasReason, StatusError } from "#machinery/status";
import type { AnyObject, Resource } from "#machinery/schema";
import { Backoff } from "./backoff.ts";
import { keyOf } from "./address.ts";
import type { Client, Selection } from "./client.ts";
import type { WatchEvent } from "./transport.ts";

const log = logger("reflector");

const BACKOFF = { initialMs: 800, maxMs: 30_000, jitter: 1, resetAfterMs: 120_000 };
/** A server that is not there is missed by everybody: its return is noticed soon. */
const UNREACHED = { ...BACKOFF, maxMs: 2_000 };
/** A watch that lived at least this long may be opened again at once. */
const HEALTHY_WATCH_MS = 1_000;

/** Where a reflector puts what it learns. */
export interface Mirror<T> {
  /** Everything there is, as of `resourceVersion`: at the start, and whenever history was lost. */
  replace(objects: ReadonlyMap<string, T>, resourceVersion: string): void;
  changed(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
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
    const objects = new Map<string, T>();
    let resourceVersion = "";
    for await (const page of client.pages(resource, { ...selection, signal })) {
      for (const object of page.items) objects.set(keyOf(object), object);
      resourceVersion = page.resourceVersion;
    }
    this.#replace(objects, resourceVersion);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, selection } = this.#options;
    const initialEvents = this.#resourceVersion === undefined;
    const resourceVersion = this.#resourceVersion ?? "";
    let initial = initialEvents ? new Map<string, T>() : undefined;
    const events = client.watch(resource, { ...selection, signal, resourceVersion, initialEvents });
    for await (const event of events) {
      if (signal.aborted) return;
      if (!initial) this.#live(event);
      else if (event.type !== "BOOKMARK") collect(initial, event);
      else if (event.initialEventsEnd) {
        this.#replace(initial, event.resourceVersion);
        initial = undefined;
      }
    }
  }

  #live(event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") {
      this.#resourceVersion = event.resourceVersion;
      this.#mirror.reached(event.resourceVersion);
    } else {
      this.#resourceVersion = event.object.metadata.resourceVersion;
      this.#mirror.changed(event.type, event.object);
    }
  }

  #replace(objects: ReadonlyMap<string, T>, resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#mirror.replace(objects, resourceVersion);
    this.#backoff.reset();
    this.#unreached.reset();
  }
}

function collect<T extends AnyObject>(
  objects: Map<string, T>,
  { type, object }: Exclude<WatchEvent<T>, { readonly type: "BOOKMARK" }>,
): void {
  if (type === "DELETED") objects.delete(keyOf(object));
  else objects.set(keyOf(object), object);
}

/** Servers without WatchList say no to the request itself. */
const refused = (error: unknown): boolean => hasReason(error, "Invalid", "BadRequest", "MethodNotAllowed");
