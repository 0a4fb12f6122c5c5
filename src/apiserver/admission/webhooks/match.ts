import { Namespace } from "#api/core-v1/namespace";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Admission, Loopback, ReadCache } from "../../contracts.ts";
import { isAbout } from "../about.ts";
import type { Equivalents } from "./equivalents.ts";
import type { Hook } from "./hook.ts";
import type { Subject } from "./rules.ts";

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
  readonly loopback: () => Loopback;
  readonly equivalents: Equivalents;
}

/** Decides which webhooks are asked about a write. */
export class Matching {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** The resource as which the webhook sees the write; undefined: it is not asked. Throws when the namespace is gone. */
  async resourceFor(hook: Hook, admission: Admission): Promise<Resource | undefined> {
    const resource = this.#byRules(hook, admission);
    if (!resource || !matchesObject(hook, admission)) return undefined;
    return (await this.#matchesNamespace(hook, admission)) ? resource : undefined;
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

  async #matchesNamespace({ namespaceMatches }: Hook, admission: Admission): Promise<boolean> {
    if (!namespaceMatches) return true;
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
