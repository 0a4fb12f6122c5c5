import { ResourceQuota } from "#api/core-v1/resourcequota";
import { keyOf } from "#client/address";
import { Informer } from "#client/informer";
import type { Scope } from "#base/scope";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Environment } from "#reconciler/controller";
import { followAddedKinds } from "../added-kinds.ts";

/** `count/pods`, `count/deployments.apps`: how a quota says that it counts a kind. */
export const countOf = ({ plural, group }: Resource): string =>
  group === "" ? `count/${plural}` : `count/${plural}.${group}`;

interface Kind {
  readonly kind: Resource;
  /** Closes when the kind is served no more. */
  readonly served: Scope;
  /** Open while a quota names the kind. */
  followed: Scope | undefined;
}

/**
 * Kinds that are not built in, as far as quotas name them: each is watched while one does, and what comes and goes
 * wakes the quotas of its namespace.
 */
export class NamedKinds {
  readonly #environment: Environment;
  readonly #wake: (key: string) => void;
  readonly #kinds = new Map<string, Kind>();

  /** `wake` takes keys of quotas. */
  constructor(environment: Environment, wake: (key: string) => void) {
    this.#environment = environment;
    this.#wake = wake;
  }

  start(): void {
    const { informers, scope } = this.#environment;
    void followAddedKinds({ ...this.#environment, added: (kind, own) => this.#served(kind, own) });
    const look = () => this.#look();
    const stop = informers.of(ResourceQuota).handle({ added: look, updated: look, deleted: look });
    scope.defer(stop);
  }

  /** Of what a quota is about, the kinds that are served. */
  named(hard: Readonly<Record<string, unknown>>): readonly Resource[] {
    return Object.keys(hard).flatMap((name) => this.#kinds.get(name)?.kind ?? []);
  }

  #served(kind: Resource, served: Scope): void {
    if (!kind.namespaced) return;
    const name = countOf(kind);
    // Several versions of another server show the same objects.
    if (this.#kinds.has(name)) return;
    this.#kinds.set(name, { kind, served, followed: undefined });
    served.defer(() => {
      this.#kinds.delete(name);
      this.#wakeAll(name);
    });
    this.#look();
  }

  /** Follows what quotas name now, and nothing else. */
  #look(): void {
    const quotas = [...this.#environment.informers.of(ResourceQuota).list()];
    for (const [name, known] of this.#kinds) {
      const isNamed = quotas.some(({ spec }) => spec.hard?.[name] !== undefined);
      if (isNamed) known.followed ??= this.#follow(name, known);
      else if (known.followed) {
        void known.followed.close();
        known.followed = undefined;
      }
    }
  }

  #follow(name: string, { kind, served }: Kind): Scope {
    const { client, clock, random } = this.#environment;
    const followed = served.child();
    const cache = new Informer({ client, clock, random, resource: kind, selection: { metadataOnly: true } });
    const tell = ({ metadata: { namespace } }: AnyObject) => this.#wakeAll(name, namespace);
    cache.handle({ added: tell, deleted: tell });
    followed.run((signal) => cache.run(signal));
    return followed;
  }

  #wakeAll(name: string, namespace?: string): void {
    for (const quota of this.#environment.informers.of(ResourceQuota).list(namespace))
      if (quota.spec.hard?.[name] !== undefined) this.#wake(keyOf(quota));
  }
}
