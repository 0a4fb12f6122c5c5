import { Namespace } from "#api/core-v1/namespace";
import type { LabelMatcher } from "#machinery/label-selector";
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

  /** The version of the resource that matched; undefined: none. Throws when the namespace is gone. */
  async matchedBy(criteria: Criteria, admission: Admission): Promise<Resource | undefined> {
    const { rules, exclude, namespaceMatches } = criteria;
    const resource = rules ? this.#byRules(rules, criteria, admission) : admission.resource;
    if (!resource || !matchesObject(criteria, admission)) return undefined;
    if (exclude.length > 0 && this.#byRules(exclude, criteria, admission)) return undefined;
    if (namespaceMatches && !(await this.#matchesNamespace(namespaceMatches, admission))) return undefined;
    return resource;
  }

  /** The cache may be a moment behind a namespace that was just made. Throws NotFound. */
  async namespace(name: string): Promise<Namespace> {
    const { cache, loopback } = this.#surroundings;
    const known = cache.get(Namespace, undefined, name);
    return known ?? ((await loopback().call({ resource: Namespace, name, verb: "get" })) as Namespace);
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

  async #matchesNamespace(namespaceMatches: LabelMatcher, admission: Admission): Promise<boolean> {
    const { resource, namespace, object, operation, name } = admission;
    const isNamespace = resource.group === "" && resource.plural === Namespace.plural;
    if (namespace === "" && !isNamespace) return true;
    if (isAbout(admission, Namespace) && (operation === "CREATE" || operation === "UPDATE")) {
      return namespaceMatches(object?.metadata.labels);
    }
    const found = await this.namespace(isNamespace ? name : namespace);
    return namespaceMatches(found.metadata.labels);
  }
}

const subjectOf = (
  { operation, subresource, namespace, name }: Admission,
  { group, version, plural }: Resource,
): Subject => ({ operation, group, version, plural, subresource, name, inNamespace: namespace !== "" });

/** Before the write or after it; what has no metadata is never selected. */
function matchesObject({ objectMatches }: Criteria, { object, old }: Admission): boolean {
  if (!objectMatches) return true;
  return [object, old].some((one) => one?.metadata && objectMatches(one.metadata.labels));
}
