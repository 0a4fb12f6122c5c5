/** The kinds that a cluster has gained: by definitions, and from other servers. */
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { asError } from "#base/attempt";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { customKind, remoteKinds } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Environment } from "#reconciler/controller";

const log = logger("added-kinds");

/** Of other servers' kinds those that can be followed as ours are. */
const FOLLOWED = ["delete", "list", "watch"] as const;
const isFollowed = ({ verbs }: Resource): boolean => FOLLOWED.every((verb) => verbs.includes(verb));

const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false;

export interface AddedKindsOptions extends Pick<Environment, "client" | "informers" | "scope"> {
  /** A kind is served now; `own` closes when it is served no more. */
  readonly added: (kind: Resource, own: Scope) => void;
}

/** Tells of them from now on, those that are there already first, until the scope closes. */
export function followAddedKinds(options: AddedKindsOptions): void {
  const { informers, scope } = options;
  const kinds = new AddedKinds(options);
  const stops = [
    informers.of(CustomResourceDefinition).handle({
      added: (definition) => kinds.define(definition),
      updated: (definition) => kinds.define(definition),
      deleted: (definition) => kinds.remove(definition),
    }),
    informers.of(APIService).handle({
      added: (service) => kinds.announce(service),
      updated: (service) => kinds.announce(service),
      deleted: (service) => kinds.remove(service),
    }),
  ];
  for (const stop of stops) scope.defer(stop);
}

class AddedKinds {
  readonly #options: AddedKindsOptions;
  /** By the uid of the definition, or of the API service. */
  readonly #scopes = new Map<string, Scope>();

  constructor(options: AddedKindsOptions) {
    this.#options = options;
  }

  define(definition: CustomResourceDefinition): void {
    const kind = customKind(definition);
    const { uid } = definition.metadata;
    if (!kind || this.#scopes.has(uid)) return;
    this.#options.added(kind, this.#open(uid));
  }

  /** Another server answers for kinds; which, it says when it is available. */
  announce(service: APIService): void {
    const { uid } = service.metadata;
    if (!service.spec.service) return this.remove(service);
    if (this.#scopes.has(uid) || !isAvailable(service)) return;
    const own = this.#open(uid);
    own.run((signal) => this.#ask(service, own, signal));
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
