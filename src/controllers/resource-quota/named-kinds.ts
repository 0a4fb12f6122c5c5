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
  /** How many quotas name each count. */
  readonly #naming = new Map<string, number>();

  /** `wake` takes keys of quotas. */
  constructor(environment: Environment, wake: (key: string) => void) {
    this.#environment = environment;
    this.#wake = wake;
  }

  start(): void {
    const { informers, scope } = this.#environment;
    void followAddedKinds({ ...this.#environment, added: (kind, own) => this.#served(kind, own) });
    const stop = informers.of(ResourceQuota).handle({
      added: (quota) => this.#count(quota, 1),
      updated: (quota, before) => {
        this.#count(quota, 1);
        this.#count(before, -1);
      },
      deleted: (quota) => this.#count(quota, -1),
    });
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
    this.#look(name);
  }

  #count({ spec }: ResourceQuota, by: 1 | -1): void {
    for (const name of Object.keys(spec.hard ?? {})) {
      const quotas = (this.#naming.get(name) ?? 0) + by;
      if (quotas > 0) this.#naming.set(name, quotas);
      else this.#naming.delete(name);
      this.#look(name);
    }
  }

  /** Follows the kind while a quota names it, and only then. */
  #look(name: string): void {
    const known = this.#kinds.get(name);
    if (!known) return;
    if (this.#naming.has(name)) known.followed ??= this.#follow(name, known);
    else if (known.followed) {
      void known.followed.close();
      known.followed = undefined;
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
