import { Event } from "#api/core-v1/event";
import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Client } from "#client/client";
import type { AnyObject } from "#machinery/schema";
import { formatTime } from "#machinery/time";

const log = logger("apiserver.services");

/** What was said longer ago may be said again. */
const SAID_MAX = 10_000;

export interface WarningsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Who says it. */
  readonly component: string;
}

/** Tells users what is wrong with an object, once as long as the server runs. */
export class Warnings {
  readonly #options: WarningsOptions;
  readonly #said = new Set<string>();

  constructor(options: WarningsOptions) {
    this.#options = options;
  }

  /** Does not fail: a warning that cannot be written is lost. */
  async warn({ apiVersion, kind, metadata }: AnyObject, reason: string, message: string): Promise<void> {
    const { client, clock, random, component } = this.#options;
    const { namespace, name, uid, resourceVersion } = metadata;
    const saying = `${uid}/${reason}/${message}`;
    if (this.#said.has(saying)) return;
    if (this.#said.size >= SAID_MAX) this.#said.delete(this.#said.values().next().value!);
    this.#said.add(saying);
    const time = formatTime(clock.now());
    const suffix = [clock.now(), random.below(2 ** 32)].map((part) => part.toString(16)).join("");
    const event = {
      metadata: { name: `${name}.${suffix}`, namespace: namespace || "default" },
      involvedObject: { kind, ...(namespace ? { namespace } : {}), name, uid, apiVersion, resourceVersion },
      reason,
      message,
      type: "Warning",
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component },
      reportingComponent: component,
    };
    log.warn(reason, { kind, namespace, name, message });
    try {
      await client.create(Event, event);
    } catch (error) {
      this.#said.delete(saying);
      log.debug("a warning was not written", { reason, error: asError(error) });
    }
  }
}
