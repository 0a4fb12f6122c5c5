import { Namespace } from "#api/core-v1/namespace";
import type { Labels } from "#machinery/label-selector";
import type { Resource } from "#machinery/schema";
import type { Admission, Loopback, ReadCache } from "../../contracts.ts";
import { isAbout } from "../about.ts";
import type { Criteria } from "./criteria.ts";
import type { Equivalents } from "./equivalents.ts";
import type { CompiledRule, Subject } from "./rules.ts";

export interface Surroundings {
  readonly cache: ReadCache;
  readonly loopback: () => Loopback;
  readonly equivalents: Equivalents;
}

/** Decides which webhooks and policies a write is about. */
export class Matching {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * The version of the resource that matched; undefined: none. Answers at once where no namespace has to be asked for.
   * Throws or rejects when the namespace is gone.
   */
  matchedBy(criteria: Criteria, admission: Admission): Resource | undefined | Promise<Resource | undefined> {
    const { rules, exclude, namespaceMatches } = criteria;
    const resource = rules ? this.#byRules(rules, criteria, admission) : admission.resource;
    if (!resource || !matchesObject(criteria, admission)) return undefined;
    if (exclude.length > 0 && this.#byRules(exclude, criteria, admission)) return undefined;
    if (!namespaceMatches) return resource;
    const labels = this.#namespaceLabels(admission);
    const decided = (found: Labels | undefined | typeof NO_NAMESPACE) =>
      found === NO_NAMESPACE || namespaceMatches(found) ? resource : undefined;
    return labels instanceof Promise ? labels.then(decided) : decided(labels);
  }

  /** The cache may be a moment behind a namespace that was just made. Throws NotFound. */
  namespace(name: string): Namespace | Promise<Namespace> {
    const { cache, loopback } = this.#surroundings;
    const known = cache.get(Namespace, undefined, name);
    return known ?? (loopback().call({ resource: Namespace, name, verb: "get" }) as Promise<Namespace>);
  }

  #byRules(
    rules: readonly CompiledRule[],
    { equivalent }: Criteria,
    admission: Admission,
  ): Resource | undefined {
    const { resource, subresource } = admission;
    const subject = subjectOf(admission, resource);
    if (rules.some((matches) => matches(subject))) return resource;
    if (!equivalent) return undefined;
    const others = this.#surroundings.equivalents.of(resource, subresource);
    if (others.length === 0) return undefined;
    for (const matches of rules) {
      const found = others.find((other) => matches(subjectOf(admission, other.resource)));
      if (found) return found.resource;
    }
    return undefined;
  }

  /** Of the namespace that the write is in, or that it is about. */
  #namespaceLabels(
    admission: Admission,
  ): Labels | undefined | typeof NO_NAMESPACE | Promise<Labels | undefined> {
    const { resource, namespace, object, operation, name } = admission;
    const isNamespace = resource.group === "" && resource.plural === Namespace.plural;
    if (namespace === "" && !isNamespace) return NO_NAMESPACE;
    if (isAbout(admission, Namespace) && (operation === "CREATE" || operation === "UPDATE")) {
      return object?.metadata.labels;
    }
    const found = this.namespace(isNamespace ? name : namespace);
    return found instanceof Promise ? found.then(({ metadata }) => metadata.labels) : found.metadata.labels;
  }
}

/** What is in none is selected by every selector of namespaces. */
const NO_NAMESPACE = Symbol("no namespace");

const subjectOf = (
  { operation, subresource, namespace, name }: Admission,
  { group, version, plural }: Resource,
): Subject => ({ operation, group, version, plural, subresource, name, inNamespace: namespace !== "" });

/** Before the write or after it; what has no metadata is never selected. */
function matchesObject({ objectMatches }: Criteria, { object, old }: Admission): boolean {
  if (!objectMatches) return true;
  return [object, old].some((one) => one?.metadata && objectMatches(one.metadata.labels));
}
