import { Namespace } from "#api/core-v1/namespace";
import type { AnyObject, Resource } from "#machinery/schema";
import type { LabelMatcher } from "#machinery/label-selector";
import type { Admission, Authorizer, Loopback, ReadCache } from "../../contracts.ts";
import { isAbout } from "../about.ts";
import { conditionsHold } from "./conditions.ts";
import type { Equivalents } from "./equivalents.ts";
import type { Hook } from "./hook.ts";
import type { Seen } from "./review.ts";
import type { Subject } from "./rules.ts";
import { seenAs } from "./seen.ts";

/** Configurations are never subject to what they configure: a mistake could not be undone. */
const EXEMPT = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
]);

export const isExempt = ({ resource: { group, plural } }: Admission): boolean =>
  group === "admissionregistration.k8s.io" && EXEMPT.has(plural);

export interface Surroundings {
  readonly cache: ReadCache;
  readonly authorizer: Authorizer;
  readonly loopback: () => Loopback;
  readonly equivalents: Equivalents;
}

/** Decides which webhooks are asked about a write. */
export class Matching {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** The write as the webhook sees it; undefined: it is not asked. Throws when the namespace is gone. */
  async seenBy(hook: Hook, admission: Admission): Promise<Seen | undefined> {
    const resource = this.#byRules(hook, admission);
    if (!resource || !matchesObject(hook, admission)) return undefined;
    if (hook.namespaceMatches && !(await this.#matchesNamespace(hook.namespaceMatches, admission)))
      return undefined;
    const { equivalents, authorizer } = this.#surroundings;
    const seen = await seenAs(admission, resource, equivalents);
    if (hook.conditions.length > 0 && !(await conditionsHold(hook, seen, authorizer))) return undefined;
    return seen;
  }

  #byRules({ rules, equivalent }: Hook, admission: Admission): Resource | undefined {
    const { resource, subresource } = admission;
    const subject = subjectOf(admission, resource);
    if (rules.some((matches) => matches(subject))) return resource;
    if (!equivalent) return undefined;
    const others = this.#surroundings.equivalents.of(resource, subresource).map((kind) => kind.resource);
    for (const matches of rules) {
      const found = others.find((other) => matches(subjectOf(admission, other)));
      if (found) return found;
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
    const found = await this.#namespace(isNamespace ? name : namespace);
    return namespaceMatches(found.metadata.labels);
  }

  /** The cache may be a moment behind a namespace that was just made. */
  async #namespace(name: string): Promise<AnyObject> {
    const { cache, loopback } = this.#surroundings;
    const known = cache.get(Namespace, undefined, name);
    return known ?? ((await loopback().call({ resource: Namespace, name, verb: "get" })) as Namespace);
  }
}

const subjectOf = (
  { operation, subresource, namespace }: Admission,
  { group, version, plural }: Resource,
): Subject => ({ operation, group, version, plural, subresource, inNamespace: namespace !== "" });

/** Before the write or after it; what has no metadata is never selected. */
function matchesObject({ objectMatches }: Hook, { object, old }: Admission): boolean {
  if (!objectMatches) return true;
  return [object, old].some((one) => one?.metadata && objectMatches(one.metadata.labels));
}
