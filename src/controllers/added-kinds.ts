/** The kinds that a cluster has gained: by definitions, and from other servers. */
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { asError } from "#base/attempt";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { customKind, remoteKinds } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import { aborted } from "#reconciler/aborted";
import type { Environment } from "#reconciler/controller";

const log = logger("added-kinds");

/** Of other servers' kinds those that can be followed as ours are. */
const FOLLOWED = ["delete", "list", "watch"] as const;
const isFollowed = ({ verbs }: Resource): boolean => FOLLOWED.every((verb) => verbs.includes(verb));

const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false;

export interface AddedKindsOptions extends Pick<Environment, "client" | "informers" | "scope"> {
  /** A kind is served now; `own` closes when it is served no more, or by another version, which is told of then. */
  readonly added: (kind: Resource, own: Scope) => void;
}

/**
 * Tells of them from now on, those that are there already first, until the scope closes. Resolves when these have been
 * told of.
 */
export async function followAddedKinds(options: AddedKindsOptions): Promise<void> {
  const { informers, scope } = options;
  const kinds = new AddedKinds(options);
  const definitions = informers.of(CustomResourceDefinition);
  const services = informers.of(APIService);
  const stops = [
    definitions.handle({
      added: (definition) => kinds.define(definition),
      updated: (definition) => kinds.define(definition),
      deleted: (definition) => kinds.remove(definition),
    }),
    services.handle({
      added: (service) => kinds.announce(service),
      updated: (service) => kinds.announce(service),
      deleted: (service) => kinds.remove(service),
    }),
  ];
  for (const stop of stops) scope.defer(stop);
  await Promise.race([Promise.all([definitions.synced, services.synced]), aborted(scope.signal)]);
  await kinds.asked();
}

class AddedKinds {
  readonly #options: AddedKindsOptions;
  /** By the uid of the definition, or of the API service. */
  readonly #scopes = new Map<string, Scope>();
  /** Of a definition, the version by which its kind is followed. */
  readonly #versions = new WeakMap<Scope, string>();
  readonly #asking = new Set<Promise<void>>();

  constructor(options: AddedKindsOptions) {
    this.#options = options;
  }

  define(definition: CustomResourceDefinition): void {
    const kind = customKind(definition);
    const { uid } = definition.metadata;
    const before = this.#scopes.get(uid);
    if (!kind || (before && this.#versions.get(before) === kind.apiVersion)) return;
    const own = this.#open(uid);
    this.#versions.set(own, kind.apiVersion);
    if (!before) return this.#options.added(kind, own);
    own.run(async () => {
      await before.close();
      if (!own.closed) this.#options.added(kind, own);
    });
  }

  /** Another server answers for kinds; which, it says when it is available. */
  announce(service: APIService): void {
    const { uid } = service.metadata;
    if (!service.spec.service) return this.remove(service);
    if (this.#scopes.has(uid) || !isAvailable(service)) return;
    const own = this.#open(uid);
    own.run((signal) => {
      const asking = this.#ask(service, own, signal);
      this.#asking.add(asking);
      return asking.finally(() => this.#asking.delete(asking));
    });
  }

  /** Resolves when the servers that are being asked have answered. */
  async asked(): Promise<void> {
    await Promise.all(this.#asking);
  }

  remove({ metadata: { uid } }: AnyObject): void {
    const own = this.#scopes.get(uid);
    this.#scopes.delete(uid);
    void own?.close();
  }

  async #ask(service: APIService, own: Scope, signal: AbortSignal): Promise<void> {
    const { client, added } = this.#options;
    try {
      const kinds = await remoteKinds(service, client.transport, { signal });
      if (own.closed) return;
      for (const kind of kinds.filter(isFollowed)) added(kind, own);
    } catch (error) {
      if (signal.aborted) return;
      // It is asked again when it has become available once more.
      log.warn("kinds of another server not followed", {
        service: service.metadata.name,
        error: asError(error),
      });
      this.remove(service);
    }
  }

  #open(uid: string): Scope {
    const own = this.#options.scope.child();
    this.#scopes.set(uid, own);
    return own;
  }
}
