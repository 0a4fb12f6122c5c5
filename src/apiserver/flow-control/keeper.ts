import { FlowSchema, type FlowSchemaCondition } from "#api/flowcontrol-v1/flowschema";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import type { CancelTimer, Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import { formatTime } from "#machinery/time";
import type { Loopback, ReadCache } from "../contracts.ts";
import { danglingCondition } from "./dangling.ts";
import type { FlowControl } from "./flow-control.ts";
import { KEPT_FLOW_SCHEMAS, KEPT_PRIORITY_LEVELS, type KeepingStep, planKeeping } from "./kept-objects.ts";

const log = logger("apiserver.flow-control");

const PRODUCER = "api-priority-and-fairness-config-producer-v1";
const CONSUMER = "api-priority-and-fairness-config-consumer-v1";

/** Milliseconds until another try of what could not be written. */
const RETRY_MS = 30_000;
/** API servers that do not agree on a status write it so often in a minute, and then wait. */
const STATUS_WRITES_MAX = 5;
const MINUTE_MS = 60_000;

export interface KeeperOptions {
  readonly flow: FlowControl;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** Keeps flow control as the stored objects say, and the objects that every cluster has in the store. */
export class FlowControlKeeper {
  readonly #options: KeeperOptions;
  #scheduled = false;
  #working: Promise<void> | undefined;
  #again = false;
  #cancelRetry: CancelTimer | undefined;
  /** When the status of a flow schema was written, by its name; monotonic milliseconds. */
  readonly #written = new Map<string, readonly number[]>();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Resolves when the objects are there. Follows them until the scope closes. */
  async start(): Promise<void> {
    const { cache, scope } = this.#options;
    const changed = () => this.#changed();
    scope.defer(cache.onChange(FlowSchema, changed));
    scope.defer(cache.onChange(PriorityLevelConfiguration, changed));
    scope.defer(() => this.#cancelRetry?.());
    this.#configure();
    await this.#keep();
  }

  /** Several objects that change together are looked at once. */
  #changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#options.scope.closed) return;
      this.#configure();
      void this.#keep();
    });
  }

  #configure(): ReadonlySet<FlowSchema> {
    const { flow, cache } = this.#options;
    return new Set(flow.configure(cache.list(FlowSchema), cache.list(PriorityLevelConfiguration)).dangling);
  }

  /** One round at a time; what changes meanwhile makes another one. Closing does not wait for it. */
  #keep(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#rounds();
    return this.#working;
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#again && !this.#options.scope.closed) {
        this.#again = false;
        await this.#keepObjects();
        await this.#keepStatuses();
      }
    } finally {
      this.#working = undefined;
    }
  }

  /** Until the cache shows what was written, the next round would write it once more. */
  #seeWritten(): Promise<void> {
    return this.#attempt(() => this.#options.loopback.list({ resource: FlowSchema, query: { limit: "1" } }));
  }

  async #keepObjects(): Promise<void> {
    const { cache } = this.#options;
    const levels = planKeeping(KEPT_PRIORITY_LEVELS, cache.list(PriorityLevelConfiguration));
    const schemas = planKeeping(KEPT_FLOW_SCHEMAS, cache.list(FlowSchema));
    const steps = [
      ...levels.map((step) => this.#take(PriorityLevelConfiguration, step)),
      ...schemas.map((step) => this.#take(FlowSchema, step)),
    ];
    await Promise.all(steps);
    if (steps.length > 0) await this.#seeWritten();
  }

  #take<T extends AnyObject>(resource: Resource<T>, step: KeepingStep): Promise<void> {
    const { loopback } = this.#options;
    const query = { fieldManager: PRODUCER };
    if (step.type === "delete") {
      const { name, uid, resourceVersion } = step.meta;
      const body = { preconditions: { uid, resourceVersion } };
      return this.#attempt(() => loopback.call({ resource, verb: "delete", name, body }));
    }
    const { type: verb, object } = step;
    const { name } = (object as Pick<AnyObject, "metadata">).metadata;
    const target = verb === "update" ? { resource, name } : { resource };
    return this.#attempt(() => loopback.call({ ...target, verb, body: object, query }));
  }

  async #keepStatuses(): Promise<void> {
    const dangling = this.#configure();
    const { cache, clock } = this.#options;
    for (const name of this.#written.keys())
      if (!cache.get(FlowSchema, undefined, name)) this.#written.delete(name);
    const now = formatTime(clock.now());
    const writes = [...cache.list(FlowSchema)].flatMap((schema) => {
      const condition = danglingCondition(schema, dangling.has(schema), now);
      return condition ? [this.#writeStatus(schema, condition)] : [];
    });
    await Promise.all(writes);
    if (writes.length > 0) await this.#seeWritten();
  }

  async #writeStatus(schema: FlowSchema, condition: FlowSchemaCondition): Promise<void> {
    const { loopback } = this.#options;
    const { apiVersion, kind } = schema;
    const { name } = schema.metadata;
    if (!this.#mayWrite(name)) return this.#retryLater();
    await this.#attempt(() =>
      loopback.call({
        resource: FlowSchema,
        name,
        subresource: "status",
        verb: "patch",
        patchType: "application/apply-patch+yaml",
        body: { apiVersion, kind, metadata: { name }, status: { conditions: [condition] } },
        query: { fieldManager: CONSUMER, force: "true" },
      }),
    );
  }

  #mayWrite(name: string): boolean {
    const now = this.#options.clock.monotonic();
    const recent = (this.#written.get(name) ?? []).filter((at) => now - at < MINUTE_MS);
    if (recent.length >= STATUS_WRITES_MAX) return false;
    this.#written.set(name, [...recent, now]);
    return true;
  }

  /** Another API server may have been faster: then a change comes by itself. */
  async #attempt(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (this.#options.scope.closed) return;
      if (hasReason(error, "AlreadyExists", "Conflict", "NotFound")) return;
      log.warn("an object of flow control could not be kept", { error });
      this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#options.clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.#keep();
    });
  }
}
