import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Client, Selection } from "./client.ts";
import { Informer } from "./informer.ts";

export interface InformerSetOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Informers run until it closes. */
  readonly scope: Scope;
}

/** The informers of one process: one for each kind and selection, started when first asked for. */
export class InformerSet {
  readonly #options: InformerSetOptions;
  readonly #informers = new Map<string, Informer<never>>();

  constructor(options: InformerSetOptions) {
    this.#options = options;
  }

  of<T extends AnyObject>(resource: Resource<T>, selection: Selection = {}): Informer<T> {
    const narrowed = this.#withoutNeedlessNarrowing(selection);
    const key = keyOfInformer(resource, narrowed);
    const known = this.#informers.get(key);
    if (known) return known as unknown as Informer<T>;
    const { scope, ...shared } = this.#options;
    const informer = new Informer<T>({ ...shared, resource, selection: narrowed });
    this.#informers.set(key, informer as unknown as Informer<never>);
    scope.run((signal) => informer.run(signal));
    return informer;
  }

  /** Resolves when every informer asked for so far has been filled. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }

  /** Where the server's own objects are shared, metadata alone saves nothing and would need a second cache. */
  #withoutNeedlessNarrowing(selection: Selection): Selection {
    if (!selection.metadataOnly || !this.#options.client.transport.sharesObjects) return selection;
    const { metadataOnly: _dropped, ...rest } = selection;
    return rest;
  }
}

function keyOfInformer<T extends AnyObject>(
  { apiVersion, plural }: Resource<T>,
  { namespace = "", labelSelector = "", fieldSelector = "", metadataOnly = false }: Selection,
): string {
  return [apiVersion, plural, namespace, labelSelector, fieldSelector, metadataOnly].join("|");
}
