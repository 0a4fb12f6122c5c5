/**
 * Announces what this server answers itself: an API service for each group and version. Those of its own kinds are set
 * right when it starts, and after that are anybody's to change; those of custom kinds come and go with their definitions.
 */
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService, type APIServiceSpec } from "#api/apiregistration-v1/apiservice";
import type { Clock } from "#base/clock";
import type { Scope } from "#base/scope";
import { sameJson } from "#machinery/same-json";
import { hasReason } from "#machinery/status";
import type { Loopback, ReadCache } from "../contracts.ts";
import type { ResourceSet } from "../resource-set.ts";
import { CUSTOM_PRIORITY, type Priority, builtInPriority } from "./priorities.ts";
import { Rounds } from "./rounds.ts";

export interface LocalServicesOptions {
  readonly kinds: ResourceSet;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** How an API service is looked after; those without the label are people's own. */
const MANAGED = "kube-aggregator.kubernetes.io/automanaged";
const ON_START = "onstart";
const ALWAYS = "true";

export const serviceName = (group: string, version: string): string => `${version}.${group}`;

const specOf = (group: string, version: string, priority: Priority): APIServiceSpec => ({
  ...(group === "" ? {} : { group }),
  version,
  ...priority,
});

export class LocalServices {
  readonly #options: LocalServicesOptions;
  readonly #rounds: Rounds;

  constructor(options: LocalServicesOptions) {
    this.#options = options;
    const { scope, clock } = options;
    this.#rounds = new Rounds({
      scope,
      clock,
      what: "announce custom kinds",
      look: async (name) => void (await this.#keep(name)),
    });
  }

  /** Resolves when all that is served is announced; goes on with custom kinds from then on. */
  async start(): Promise<void> {
    const { cache, kinds, scope } = this.#options;
    await this.#announceOwn();
    if (!kinds.of(CustomResourceDefinition)) return;
    const mark = (names: Iterable<string>) =>
      Promise.all(Array.from(new Set(names), (name) => this.#rounds.mark(name)));
    scope.defer(
      cache.onChange(CustomResourceDefinition, ({ before, after }) => {
        const changed = sameJson(before?.spec.versions, after?.spec.versions) ? [] : [before, after];
        void mark(changed.flatMap((one) => (one ? namesOf(one) : [])));
      }),
    );
    scope.defer(
      cache.onChange(APIService, ({ before, after }) => {
        if (managed(before) === ALWAYS && !sameJson(before?.spec, after?.spec))
          void mark([before!.metadata.name]);
      }),
    );
    const known = [...cache.list(APIService)].filter((one) => managed(one) === ALWAYS);
    const defined = [...cache.list(CustomResourceDefinition)].flatMap(namesOf);
    await mark([...defined, ...known.map(({ metadata }) => metadata.name)]);
  }

  async #announceOwn(): Promise<void> {
    const { kinds, cache } = this.#options;
    const wanted = new Map<string, APIServiceSpec>();
    for (const { name: group, versions } of kinds.groups())
      for (const version of versions) {
        const priority = builtInPriority(group, version);
        if (priority) wanted.set(serviceName(group, version), specOf(group, version, priority));
      }
    const left = [...cache.list(APIService)].filter(
      (one) => managed(one) === ON_START && !wanted.has(one.metadata.name),
    );
    await Promise.all([
      ...Array.from(wanted, ([name, spec]) => unlessOutrun(this.#set(name, ON_START, spec))),
      ...left.map(({ metadata }) => unlessOutrun(this.#delete(metadata.name))),
    ]);
  }

  async #keep(name: string): Promise<void> {
    const present = this.#options.cache.get(APIService, undefined, name);
    const spec = this.#customSpec(name);
    if (spec) return this.#set(name, ALWAYS, spec);
    if (managed(present) === ALWAYS) await this.#delete(name);
  }

  /** Of a group and version that a definition serves. */
  #customSpec(name: string): APIServiceSpec | undefined {
    const { cache } = this.#options;
    for (const definition of cache.list(CustomResourceDefinition)) {
      const { group, versions } = definition.spec;
      const version = versions.find((one) => one.served && serviceName(group, one.name) === name);
      if (version && !builtInPriority(group, version.name))
        return specOf(group, version.name, CUSTOM_PRIORITY);
    }
    return undefined;
  }

  async #set(name: string, how: string, spec: APIServiceSpec): Promise<void> {
    const { cache, loopback } = this.#options;
    const present = cache.get(APIService, undefined, name);
    if (!present) {
      const body = { metadata: { name, labels: { [MANAGED]: how } }, spec };
      await loopback.call({ resource: APIService, verb: "create", body });
      return;
    }
    if (managed(present) !== how || sameJson(present.spec, spec)) return;
    await loopback.call({ resource: APIService, verb: "update", name, body: { ...present, spec } });
  }

  async #delete(name: string): Promise<void> {
    await this.#options.loopback.call({ resource: APIService, verb: "delete", name });
  }
}

/** Another server that starts at the same time does the same. */
async function unlessOutrun(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasReason(error, "AlreadyExists", "Conflict", "NotFound")) throw error;
  }
}

const managed = (service: APIService | undefined): string | undefined => service?.metadata.labels?.[MANAGED];

const namesOf = ({ spec: { group, versions } }: CustomResourceDefinition): string[] =>
  versions.map((version) => serviceName(group, version.name));
