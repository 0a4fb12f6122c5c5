/**
 * Keeps the served kinds in step with the definitions: a kind appears when its names are its own, changes when its
 * definition does, and goes when its definition and all of its objects are gone.
 */
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Measures } from "#base/measures";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { sameJson } from "#machinery/same-json";

import { hasReason } from "#machinery/status";
import { compareVersions } from "#machinery/version-order";
import type { Store } from "#store/store";
import type { Loopback, ReadCache } from "../contracts.ts";
import type { Limits } from "../limits.ts";
import { type ResourceSet, type ServedKind, groupResourceOf } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import { KindStorage } from "../storage/kind-storage.ts";
import { prefixOf } from "../storage/keys.ts";
import type { Feed } from "../watch/feed.ts";
import { KindCache } from "../watch/kind-cache.ts";
import { WebhookClient } from "../webhook-client/client.ts";
import { DefinitionVersions } from "./definition-versions.ts";
import { type DefinitionStatus, isTrue, observe, terminating } from "./definition-status.ts";
import { customResource, deprecationOf, storagePrefixOf, type Version } from "./kind.ts";

import { CONVERSION_ANSWER_BYTES_MAX, ConversionWebhook } from "./conversion-webhook.ts";
import { ConvertedStorage } from "./converted-kind.ts";
import { RuleMetrics } from "./rule-metrics.ts";
import { customView } from "./view.ts";

const log = logger("apiserver.custom");

/** Kept on a definition until the last object of its kind is gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";
/** Wait before a definition that could not be taken in is tried again. */
const RETRY_MS = 1_000;
/** Objects on their way out at the same time. */
const DELETIONS_MAX = 16;

export interface CustomKindsOptions {
  readonly kinds: ResourceSet;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly store: Store;
  readonly feed: Feed;
  readonly limits: Limits;
  readonly measures: Measures;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** One definition as it is served. */
interface Served {
  readonly uid: string;
  readonly spec: CustomResourceDefinition["spec"];
  readonly names: DefinitionStatus["acceptedNames"];
  /** Some objects may be stored in another version than the present one. */
  readonly isMixed: boolean;
  readonly isTerminating: boolean;
  readonly cache: KindCache;
  readonly storage: KindStorage;
  readonly kinds: readonly ServedKind[];
  /** Versions that a webhook makes live in it. */
  readonly scope: Scope;
  /** Its objects are being deleted. */
  emptying: boolean;
}

export class CustomKinds {
  readonly #options: CustomKindsOptions;
  readonly #served = new Map<string, Served>();
  readonly #dirty = new Set<string>();
  /** What ends the wait of a definition that is to be tried again. */
  readonly #retries = new Map<string, () => void>();
  /** Asks the webhooks of all definitions. */
  readonly #webhooks: WebhookClient;
  readonly #rules: RuleMetrics;
  #working = false;

  constructor(options: CustomKindsOptions) {
    this.#options = options;
    this.#rules = new RuleMetrics(options.measures, options.clock);
    this.#webhooks = new WebhookClient({ ...options, answerBytesMax: CONVERSION_ANSWER_BYTES_MAX });
    options.scope.defer(() => this.#webhooks.close());
  }

  /** Resolves when every definition there is has been taken in; follows them from then on. */
  async start(): Promise<void> {
    const { cache, scope } = this.#options;
    const end = cache.onChange(CustomResourceDefinition, ({ before, after }) => this.#changed(before, after));
    scope.defer(() => {
      end();
      for (const cancel of this.#retries.values()) cancel();
    });
    for (const { metadata } of cache.list(CustomResourceDefinition)) this.#dirty.add(metadata.name);
    await this.#work(scope.signal);
  }

  #changed(before: CustomResourceDefinition | undefined, after: CustomResourceDefinition | undefined): void {
    const { metadata, spec } = (after ?? before)!;
    this.#mark(metadata.name);
    // Names may have become free for those who wait for them.
    for (const other of this.#ofGroup(spec.group))
      if (!isTrue(other, "NamesAccepted")) this.#mark(other.metadata.name);
  }

  #ofGroup(group: string): CustomResourceDefinition[] {
    const all = [...this.#options.cache.list(CustomResourceDefinition)];
    return all.filter(({ spec }) => spec.group === group);
  }

  #mark(name: string): void {
    const { scope } = this.#options;
    this.#dirty.add(name);
    if (this.#working || scope.closed) return;
    scope.run((signal) => this.#work(signal));
  }

  async #work(signal: AbortSignal): Promise<void> {
    this.#working = true;
    try {
      for (const name of this.#dirty) {
        if (signal.aborted) return;
        this.#dirty.delete(name);
        await this.#attempt(name, signal);
      }
    } finally {
      this.#working = false;
    }
  }

  async #attempt(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#sync(name, signal);
    } catch (error) {
      // Somebody else was faster: that is a change, by which we come back.
      if (signal.aborted || hasReason(error, "Conflict", "NotFound")) return;
      log.warn("definition of a custom kind not taken in", { name, error: asError(error) });
      this.#later(name, () => this.#mark(name));
    }
  }

  async #sync(name: string, signal: AbortSignal): Promise<void> {
    const { cache, clock } = this.#options;
    const definition = cache.get(CustomResourceDefinition, undefined, name);
    const served = this.#served.get(name);
    if (served && served.uid !== definition?.metadata.uid) this.#drop(name, served);
    if (!definition) return;
    const others = this.#ofGroup(definition.spec.group).filter(({ metadata }) => metadata.name !== name);
    const status = observe(definition, others, clock.now());
    const seen = { ...definition, status };
    // First it is served, then it says so.
    if (isTrue(seen, "Established")) await this.#serve(seen, signal);
    if (status !== definition.status) return this.#write(definition, status);
    if (definition.metadata.finalizers?.includes(CLEANUP_FINALIZER)) await this.#leave(definition);
  }

  async #serve(definition: CustomResourceDefinition, signal: AbortSignal): Promise<void> {
    const { metadata, spec, status } = definition;
    const names = status.acceptedNames;
    const isTerminating = metadata.deletionTimestamp !== undefined;
    const isMixed = (status.storedVersions ?? []).length > 1;
    const before = this.#served.get(metadata.name);
    if (
      before?.isTerminating === isTerminating &&
      before.isMixed === isMixed &&
      sameJson(before.spec, spec) &&
      sameJson(before.names, names)
    ) {
      return;
    }
    const { cache, storage } = before ?? (await this.#open(definition, signal));
    const scope = this.#options.scope.child();
    const kinds = this.#kindsOf(definition, cache, storage, isTerminating, scope);
    for (const kind of before?.kinds ?? []) this.#options.kinds.remove(kind);
    for (const kind of kinds) this.#options.kinds.add(kind);
    // Who watches has seen objects as they looked before.
    if (before && !sameJson(before.spec, spec)) cache.endWatches();
    void before?.scope.close();
    const { uid } = metadata;
    const emptying = before?.emptying ?? false;
    const served = { uid, spec, names, isMixed, isTerminating, cache, storage, kinds, scope, emptying };
    this.#served.set(metadata.name, served);
  }

  async #open(
    definition: CustomResourceDefinition,
    signal: AbortSignal,
  ): Promise<Pick<Served, "cache" | "storage">> {
    const { store, feed, limits } = this.#options;
    const { group, names } = definition.spec;
    const prefix = prefixOf(storagePrefixOf(definition));
    const cache = new KindCache({ prefix, indexedValue: undefined, limits });
    await feed.addLive(cache, signal);
    const groupResource = { group, plural: names.plural };
    return { cache, storage: new KindStorage({ store, feed, cache, limits, groupResource }) };
  }

  #kindsOf(
    definition: CustomResourceDefinition,
    cache: KindCache,
    storage: KindStorage,
    isTerminating: boolean,
    scope: Scope,
  ): ServedKind[] {
    const { metadata, spec, status } = definition;
    const stored = spec.versions.find((version) => version.storage)!;
    const resourceOf = (version: Version) =>
      customResource(definition, status.acceptedNames, version, isTerminating, this.#rules);
    const storedResource = resourceOf(stored);
    const webhook = this.#webhookOf(definition);
    const served = spec.versions.filter((version) => version.served);
    const resources = new Map(
      spec.versions.map((version) => [version, version === stored ? storedResource : resourceOf(version)]),
    );
    const versions = new DefinitionVersions([...resources.values()], webhook);
    return served
      .toSorted((a, b) => compareVersions(a.name, b.name))
      .filter(({ name }) => !this.#isBuiltIn(spec.group, name, spec.names.plural))
      .map((version) => {
        const resource = resources.get(version)!;
        const groupResource = groupResourceOf(resource);
        // Objects in the stored version alone need nobody to convert them.
        const isForeign = version !== stored || (status.storedVersions ?? []).length > 1;
        const converter = isForeign ? webhook : undefined;
        const view = customView({
          resource,
          storedVersion: converter ? resource.apiVersion : storedResource.apiVersion,
          schemaRevision: Number(metadata.resourceVersion),
        });
        const warning = deprecationOf(resource, version);
        const shown = {
          resource,
          groupResource,
          view,
          versions,
          ...(warning === undefined ? {} : { warning }),
        };
        if (!converter) return { ...shown, storage };
        const options = {
          ...this.#options,
          resource,
          storedResource,
          source: cache,
          converter,
          scope,
          groupResource,
        };
        return { ...shown, storage: new ConvertedStorage(options) };
      });
  }

  /** Undefined where versions differ in name only. */
  #webhookOf({ spec: { conversion } }: CustomResourceDefinition): ConversionWebhook | undefined {
    const asked = conversion?.strategy === "Webhook" ? conversion.webhook : undefined;
    return asked && new ConversionWebhook(asked, this.#webhooks, this.#options.random);
  }

  /** No definition takes the place of a kind that the server has of its own. */
  #isBuiltIn(group: string, version: string, plural: string): boolean {
    const kind = this.#options.kinds.find(group, version, plural);
    return kind !== undefined && kind.resource.schema.rules.structural === undefined;
  }

  #drop(name: string, { kinds, cache, scope }: Served): void {
    this.#served.delete(name);
    this.#retries.get(name)?.();
    this.#retries.delete(name);
    void scope.close();
    for (const kind of kinds) this.#options.kinds.remove(kind);
    this.#options.feed.remove(cache);
  }

  /** Based on what it was made from: whoever changes the definition meanwhile wins, and brings us back here. */
  async #write(definition: CustomResourceDefinition, status: DefinitionStatus): Promise<void> {
    const { name } = definition.metadata;
    const body = { ...definition, status };
    await this.#options.loopback.call({
      resource: CustomResourceDefinition,
      verb: "update",
      name,
      subresource: "status",
      body,
    });
  }

  /** Deletes what is left of the kind; then the definition may go. */
  async #leave(definition: CustomResourceDefinition): Promise<void> {
    const { clock, scope } = this.#options;
    const { name } = definition.metadata;
    const served = this.#served.get(name);
    await served?.storage.fresh();
    if (!served || served.cache.size === 0) return this.#release(definition);
    const reason = {
      status: "True",
      reason: "InstanceDeletionInProgress",
      message: "CustomResource deletion is in progress",
    };
    const status = terminating(definition, reason, clock.now());
    if (status !== definition.status) return this.#write(definition, status);
    if (served.emptying) return;
    served.emptying = true;
    scope.run((signal) => this.#empty(name, served, signal));
  }

  async #empty(name: string, served: Served, signal: AbortSignal): Promise<void> {
    const { cache, storage } = served;
    // The last one has gone, or one came that was on its way when the definition was deleted.
    const end = cache.onChange((before, after) => {
      if (cache.size > 0 && (before || !after)) return;
      end();
      this.#again(name);
    });
    try {
      await storage.fresh();
      const queue = cache.all().filter(isStaying)[Symbol.iterator]();
      const work = async () => {
        for (const item of queue) {
          if (signal.aborted) return;
          await this.#remove(served, item.object.metadata);
        }
      };
      await Promise.all(Array.from({ length: DELETIONS_MAX }, work));
      if (cache.size > 0) return;
      end();
      this.#again(name);
    } catch (error) {
      if (signal.aborted) return;
      log.warn("objects of a custom kind not deleted", { name, error: asError(error) });
      end();
      this.#later(name, () => this.#again(name));
    }
  }

  #later(name: string, work: () => void): void {
    this.#retries.get(name)?.();
    this.#retries.set(name, this.#options.clock.after(RETRY_MS, work));
  }

  #again(name: string): void {
    const served = this.#served.get(name);
    if (served) served.emptying = false;
    this.#mark(name);
  }

  async #remove(
    { kinds, spec }: Served,
    { namespace, name }: { namespace?: string; name: string },
  ): Promise<void> {
    // As it is stored, where that can be: then nobody is asked to convert what is about to go.
    const stored = spec.versions.find((version) => version.storage)!.name;
    const kind = kinds.find(({ resource: { version } }) => version === stored) ?? kinds[0];
    if (!kind) return;
    const { resource } = kind;
    try {
      await this.#options.loopback.call({
        resource,
        verb: "delete",
        name,
        ...(namespace ? { namespace } : {}),
      });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
  }

  async #release(definition: CustomResourceDefinition): Promise<void> {
    const { metadata } = definition;
    const finalizers = metadata.finalizers?.filter((one) => one !== CLEANUP_FINALIZER) ?? [];
    await this.#options.loopback.call({
      resource: CustomResourceDefinition,
      verb: "update",
      name: metadata.name,
      body: { ...definition, metadata: { ...metadata, finalizers } },
    });
  }
}

const isStaying = ({ object }: Item): boolean => object.metadata.deletionTimestamp === undefined;
