/** The config maps and secrets that pods of this node name, each watched for as long as a pod needs it. */
import { ConfigMap } from "#api/core-v1/configmap";
import type { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import { Scope } from "#base/scope";
import type { Client } from "#client/client";
import { Informer } from "#client/informer";
import type { AnyObject, Resource } from "#machinery/schema";
import type { ReferencedData } from "../container/environment.ts";
import { membersOf } from "../pod/spec.ts";

export interface ReferencesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

interface Watched {
  readonly informer: Informer<AnyObject>;
  readonly scope: Scope;
  readonly listeners: Set<() => void>;
}

/**
 * One watch for each object, however many pods name it: nodes may see no others. A pod hears of changes to what it
 * names, and of objects that appear.
 */
export class ObjectReferences {
  readonly #options: ReferencesOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: ReferencesOptions) {
    this.#options = options;
  }

  /** What one pod names. `onChange` is called after any of it has changed. */
  of(pod: Pod, onChange: () => void): PodReferences {
    return new PodReferences(this, this.#options.client, pod, onChange);
  }

  /** @internal */
  watch<T extends AnyObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
    listener: () => void,
  ): Informer<T> {
    const key = `${resource.plural}/${namespace}/${name}`;
    const watched = this.#watched.get(key) ?? this.#start(key, resource, namespace, name);
    watched.listeners.add(listener);
    return watched.informer as unknown as Informer<T>;
  }

  #start<T extends AnyObject>(key: string, resource: Resource<T>, namespace: string, name: string): Watched {
    const { client, clock, random } = this.#options;
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    const informer = new Informer<T>({ client, clock, random, resource, selection });
    const scope = this.#options.scope.child();
    const listeners = new Set<() => void>();
    const tell = () => listeners.forEach((listener) => listener());
    informer.handle({ added: tell, updated: tell, deleted: tell });
    scope.run((signal) => informer.run(signal));
    const watched = { informer: informer as unknown as Informer<AnyObject>, scope, listeners };
    this.#watched.set(key, watched);
    return watched;
  }

  /** @internal */
  release(resource: Resource, namespace: string, name: string, listener: () => void): void {
    const key = `${resource.plural}/${namespace}/${name}`;
    const watched = this.#watched.get(key);
    if (!watched) return;
    watched.listeners.delete(listener);
    if (watched.listeners.size > 0) return;
    this.#watched.delete(key);
    void watched.scope.close();
  }
}

/** The config maps and secrets of one pod. Only what its spec names is watched; the rest is fetched once. */
export class PodReferences implements ReferencedData {
  readonly #owner: ObjectReferences;
  readonly #client: Client;
  readonly #namespace: string;
  readonly #onChange: () => void;
  readonly #informers = new Map<string, Informer<AnyObject>>();
  readonly #held: { resource: Resource; name: string }[] = [];

  constructor(owner: ObjectReferences, client: Client, pod: Pod, onChange: () => void) {
    this.#owner = owner;
    this.#client = client;
    this.#namespace = pod.metadata.namespace ?? "";
    this.#onChange = onChange;
    const { configMaps, secrets } = namesIn(pod);
    for (const name of configMaps) this.#hold(ConfigMap, name);
    for (const name of secrets) this.#hold(Secret, name);
  }

  configMap(name: string): Promise<ConfigMap | undefined> {
    return this.#get(ConfigMap, name);
  }

  secret(name: string): Promise<Secret | undefined> {
    return this.#get(Secret, name);
  }

  release(): void {
    for (const { resource, name } of this.#held.splice(0))
      this.#owner.release(resource, this.#namespace, name, this.#onChange);
  }

  #hold<T extends AnyObject>(resource: Resource<T>, name: string): void {
    const informer = this.#owner.watch(resource, this.#namespace, name, this.#onChange);
    this.#informers.set(`${resource.plural}/${name}`, informer as unknown as Informer<AnyObject>);
    this.#held.push({ resource: resource as unknown as Resource, name });
  }

  async #get<T extends AnyObject>(resource: Resource<T>, name: string): Promise<T | undefined> {
    const informer = this.#informers.get(`${resource.plural}/${name}`);
    if (informer?.hasSynced) return informer.get(this.#namespace, name) as T | undefined;
    return this.#client.find(resource, { namespace: this.#namespace, name });
  }
}

interface Names {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

/** What the spec names, in environments, volumes and pull secrets. */
export function namesIn(pod: Pod): Names {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const add = (to: Set<string>, name: string | undefined) => void (name && to.add(name));
  for (const { container } of membersOf(pod)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add(configMaps, configMapRef?.name);
      add(secrets, secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(configMaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
  }
  for (const { configMap, secret, projected } of pod.spec.volumes ?? []) {
    add(configMaps, configMap?.name);
    add(secrets, secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add(configMaps, source.configMap?.name);
      add(secrets, source.secret?.name);
    }
  }
  for (const { name } of pod.spec.imagePullSecrets ?? []) add(secrets, name);
  return { configMaps, secrets };
}
