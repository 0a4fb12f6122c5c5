import { setTimeout as pause } from "node:timers/promises";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { Client } from "#client/client";
import type { Transport } from "#client/transport";
import { hasReason, StatusError } from "#machinery/status";
import { eventually } from "../tools/eventually.ts";

const NAMESPACE = "load";
/** A write that was sent again finds what it did itself; a server may not be able to answer, or not know. */
const UNDECIDED = new Set([404, 409, 503, 504]);
const RETRY_MS = 20;

/** Writers that create, change and delete ConfigMaps without end, each over a way of its own. */
export class Load {
  /** `MODIFIED name 17`: what was answered with success. A deletion's revision is not told, so it is not among them. */
  readonly acknowledged: string[] = [];
  readonly #ending = new AbortController();
  readonly #running: Promise<unknown>;
  #writes = 0;
  readonly #waiting = new Set<{ readonly until: number; readonly done: () => void }>();

  constructor(transports: readonly Transport[], signal: AbortSignal) {
    const either = AbortSignal.any([signal, this.#ending.signal]);
    this.#running = Promise.all(
      transports.map((way, writer) => this.#write(new Client(way), writer, either)),
    );
  }

  /** Resolves after so many more. */
  acknowledges(count: number): Promise<void> {
    return new Promise((done) => this.#waiting.add({ until: this.#writes + count, done }));
  }

  /** What is under way is waited for; a last write follows it. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #write(client: Client, writer: number, signal: AbortSignal): Promise<void> {
    await eventually(() => ensureNamespace(client));
    for (let at = 0; !signal.aborted; at++) {
      const name = `w${writer}-${at}`;
      try {
        await this.#life(client, name, at);
      } catch (error) {
        // A server that was killed in the middle has left open whether the write was made.
        if (error instanceof StatusError && !UNDECIDED.has(error.status.code ?? 0)) throw error;
        await pause(RETRY_MS);
      }
    }
    await eventually(() =>
      client.create(ConfigMap, { metadata: { namespace: NAMESPACE, name: `last-${writer}` } }),
    );
  }

  async #life(client: Client, name: string, at: number): Promise<void> {
    const made = await client.create(ConfigMap, {
      metadata: { namespace: NAMESPACE, name },
      data: { at: "1" },
    });
    this.#note("ADDED", made);
    const changed = await client.update(ConfigMap, { ...made, data: { at: "2" } });
    this.#note("MODIFIED", changed);
    if (at % 3 === 0) await client.delete(ConfigMap, { namespace: NAMESPACE, name });
  }

  #note(type: string, { metadata }: ConfigMap): void {
    this.acknowledged.push(`${type} ${metadata.name} ${metadata.resourceVersion}`);
    this.#writes++;
    for (const waiter of this.#waiting) {
      if (waiter.until > this.#writes) continue;
      this.#waiting.delete(waiter);
      waiter.done();
    }
  }
}

async function ensureNamespace(client: Client): Promise<void> {
  try {
    await client.create(Namespace, { metadata: { name: NAMESPACE } });
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}
