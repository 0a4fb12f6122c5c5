import { MutatingWebhookConfiguration } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { ValidatingWebhookConfiguration } from "#api/admissionregistration-v1/validatingwebhookconfiguration";
import type { Resource } from "#machinery/schema";
import type { ReadCache } from "../../contracts.ts";
import { compileHook, type Hook } from "./hook.ts";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

interface Compiled {
  readonly uid: string;
  readonly generation: number | undefined;
  readonly hooks: readonly Hook[];
}

/** The webhooks of one kind of configuration, by name and then as listed; follows the watch cache. */
export class Configurations {
  readonly #compiled = new Map<string, Compiled>();
  #hooks: readonly Hook[] | undefined;
  readonly #stop: () => void;

  private constructor(cache: ReadCache, resource: Resource<Configuration>) {
    this.#stop = cache.onChange(resource, ({ before, after }) => {
      if (after) this.#put(after);
      else if (before) this.#drop(before.metadata.name);
    });
    for (const configuration of cache.list(resource)) this.#put(configuration);
  }

  static mutating = (cache: ReadCache): Configurations =>
    new Configurations(cache, MutatingWebhookConfiguration as unknown as Resource<Configuration>);

  static validating = (cache: ReadCache): Configurations =>
    new Configurations(cache, ValidatingWebhookConfiguration as unknown as Resource<Configuration>);

  get hooks(): readonly Hook[] {
    this.#hooks ??= [...this.#compiled.keys()]
      .toSorted(byBytes)
      .flatMap((name) => this.#compiled.get(name)!.hooks);
    return this.#hooks;
  }

  close(): void {
    this.#stop();
  }

  #put({ metadata, webhooks = [] }: Configuration): void {
    const { name, uid, generation } = metadata;
    const known = this.#compiled.get(name);
    if (known && known.uid === uid && known.generation === generation) return;
    const hooks = webhooks.map((webhook, index) => compileHook(name, index, webhook));
    this.#compiled.set(name, { uid, generation, hooks });
    this.#hooks = undefined;
  }

  #drop(name: string): void {
    this.#compiled.delete(name);
    this.#hooks = undefined;
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
