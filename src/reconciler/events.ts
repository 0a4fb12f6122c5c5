import { Event } from "#api/core-v1/event";
import type { ObjectReference } from "#api/core-v1/reference";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Client } from "#client/client";
import type { AnyObject } from "#machinery/schema";
import { hasReason, StatusError } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { EventCorrelator, type Occurrence } from "./event-correlator.ts";

const log = logger("events");

/** Occurrences that wait to be written; beyond that new ones are dropped. */
const QUEUE_MAX = 1_000;
const TRIES_MAX = 12;
const RETRY_MS = 10_000;
/** Room for the suffix in a name of at most 253 characters. */
const NAME_PREFIX_MAX = 230;

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
  /** Who says it: `replicaset-controller`, `kubelet`. */
  readonly component: string;
  /** The node that the component runs on, where that matters to the reader. */
  readonly host?: string;
}

/**
 * Tells users what happened to an object (`kubectl describe`, `kubectl events`). Never waits and never fails: events
 * are written in the background, and are lost rather than piled up.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #queue: { readonly occurrence: Occurrence; readonly atMs: number }[] = [];
  #writing = false;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Occurrences lost because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** `about`: the object, or a reference to it (with `fieldPath` where it is a part of the object). */
  record(
    about: AnyObject | ObjectReference,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    action?: string,
  ): void {
    if (this.#queue.length >= QUEUE_MAX) return void this.#dropped++;
    const object = "metadata" in about ? referenceTo(about) : about;
    const occurrence = { object, type, reason, message, ...(action === undefined ? {} : { action }) };
    this.#queue.push({ occurrence, atMs: this.#options.clock.now() });
    if (this.#writing) return;
    this.#writing = true;
    this.#options.scope.run((signal) => this.#drain(signal));
  }

  async #drain(signal: AbortSignal): Promise<void> {
    for (let next = this.#queue.shift(); next && !signal.aborted; next = this.#queue.shift()) {
      await this.#write(next.occurrence, next.atMs, signal);
    }
    this.#writing = false;
  }

  async #write(occurrence: Occurrence, atMs: number, signal: AbortSignal): Promise<void> {
    const verdict = this.#correlator.judge(occurrence, atMs);
    if (verdict.do === "drop") return;
    for (let tries = 1; tries <= TRIES_MAX && !signal.aborted; tries++) {
      try {
        if (verdict.do === "count" && (await this.#count(occurrence, verdict, atMs, signal))) return;
        const name = await this.#create(occurrence, verdict.message, atMs, signal);
        this.#correlator.created(verdict.key, name);
        return;
      } catch (error) {
        if (error instanceof StatusError) {
          log.debug("event refused", { reason: occurrence.reason, error });
          return this.#correlator.lost(verdict.key);
        }
        await sleep(this.#options.clock, RETRY_MS, { signal }).catch(() => undefined);
      }
    }
  }

  /** One more of an event there is; false when it has expired. */
  async #count(
    { object }: Occurrence,
    { key, name, count, message }: { key: string; name: string; count: number; message: string },
    atMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const at = { namespace: object.namespace ?? "default", name };
    const patch = { count, message, lastTimestamp: formatTime(atMs) };
    try {
      await this.#options.client.strategicPatch(Event, at, patch, { signal });
      return true;
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      this.#correlator.lost(key);
      return false;
    }
  }

  async #create(
    { object, type, reason, action }: Occurrence,
    message: string,
    atMs: number,
    signal: AbortSignal,
  ): Promise<string> {
    const { client, component, host, random } = this.#options;
    const suffix = [atMs, random.below(2 ** 32)].map((part) => part.toString(16)).join("");
    const name = `${(object.name ?? "").slice(0, NAME_PREFIX_MAX)}.${suffix}`;
    const time = formatTime(atMs);
    const event = {
      metadata: { name, namespace: object.namespace ?? "default" },
      involvedObject: object,
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? "",
      ...(action === undefined ? {} : { action }),
    };
    await client.create(Event, event, { signal });
    return name;
  }
}

/** How events and endpoints name an object. */
export function referenceTo({ apiVersion, kind, metadata }: AnyObject): ObjectReference {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { kind, ...(namespace ? { namespace } : {}), name, uid, apiVersion, resourceVersion };
}
