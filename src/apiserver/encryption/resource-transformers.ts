import { resources as builtIn } from "#api/registry";
import type { GroupResource } from "#machinery/status";
import { ROOT, prefixOf } from "../storage/keys.ts";
import type { EncryptionConfiguration, ProviderConfiguration } from "./configuration.ts";
import { EncryptionConfigurationError } from "./configuration.ts";
import { ANY, formatGroupResource, parseGroupResource } from "./configured-resources.ts";
import { Providers } from "./providers.ts";
import type { Provider } from "./transformer.ts";

/** How the values of one kind are kept. */
export interface Protection {
  /** `deployments.apps` */
  readonly resource: string;
  readonly providers: Providers;
}

/** Which keys of the store are encrypted, and how. */
export class ResourceTransformers {
  readonly #chosen: ReadonlyMap<string, Providers>;
  /** By prefix of the store's keys, so that every kind is looked up once. */
  readonly #known = new Map<string, Protection | undefined>();

  /** Throws EncryptionConfigurationError for rules that an earlier one hides. */
  constructor(
    { resources }: EncryptionConfiguration,
    make: (provider: ProviderConfiguration) => readonly Provider[],
  ) {
    const collected = new Map<string, Provider[]>();
    for (const { resources: names, providers } of resources) {
      const made = providers.flatMap(make);
      for (const name of names) {
        const of = parseGroupResource(name);
        const masking = [{ group: of.group, plural: ANY }, EVERYTHING].find((wide) =>
          collected.has(formatGroupResource(wide)),
        );
        if (masking) {
          const [masked, by] = [of, masking].map((one) => JSON.stringify(formatGroupResource(one)));
          throw new EncryptionConfigurationError(`resource ${masked} is masked by earlier rule ${by}`);
        }
        const key = formatGroupResource(of);
        collected.set(key, [...(collected.get(key) ?? []), ...made]);
      }
    }
    this.#chosen = new Map([...collected].map(([key, providers]) => [key, new Providers(providers)]));
  }

  /** Below which built-in kinds are encrypted. */
  get prefixes(): readonly string[] {
    return [...BUILT_IN].filter(([prefix, of]) => this.#lookUp(prefix, of)).map(([prefix]) => prefix);
  }

  /** Undefined: values of this key are stored as they are. */
  of(key: string): Protection | undefined {
    const first = key.indexOf("/", ROOT.length) + 1;
    if (first === 0) return undefined;
    const prefix = key.slice(0, first);
    if (BUILT_IN.has(prefix)) return this.#lookUp(prefix, BUILT_IN.get(prefix)!);
    const second = key.indexOf("/", first) + 1;
    if (second === 0) return undefined;
    const longer = key.slice(0, second);
    const of = BUILT_IN.get(longer) ?? customKind(key, first, second);
    return of && this.#lookUp(longer, of);
  }

  #lookUp(prefix: string, of: GroupResource): Protection | undefined {
    if (this.#known.has(prefix)) return this.#known.get(prefix);
    const providers = [of, { group: of.group, plural: ANY }, EVERYTHING]
      .map((wide) => this.#chosen.get(formatGroupResource(wide)))
      .find((candidate) => candidate !== undefined);
    const found = providers && { resource: formatGroupResource(of), providers };
    this.#known.set(prefix, found);
    return found;
  }
}

const EVERYTHING: GroupResource = { group: ANY, plural: ANY };

/** Of kinds that several groups serve, the group under which it is stored. */
const BUILT_IN: ReadonlyMap<string, GroupResource> = new Map(
  builtIn
    .filter(({ storedAs }) => storedAs === undefined)
    .map(({ storagePrefix, group, plural }) => [prefixOf(storagePrefix), { group, plural }]),
);

/** `/registry/stable.example.com/crontabs/…`; groups of custom kinds have a dot. */
function customKind(key: string, first: number, second: number): GroupResource | undefined {
  const group = key.slice(ROOT.length, first - 1);
  return group.includes(".") ? { group, plural: key.slice(first, second - 1) } : undefined;
}
