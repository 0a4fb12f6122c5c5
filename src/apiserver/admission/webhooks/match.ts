import type { Admission } from "../../contracts.ts";
import type { Equivalents } from "../matching/equivalents.ts";
import type { Matching } from "../matching/matching.ts";
import { type Seen, seenAs } from "../matching/seen.ts";
import { conditionsHold, type HookConditionOptions } from "./conditions.ts";
import type { Hook } from "./hook.ts";

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

export interface HookMatchingOptions extends HookConditionOptions {
  readonly matching: Matching;
  readonly equivalents: Equivalents;
}

/** Decides which webhooks are asked about a write. */
export class HookMatching {
  readonly #options: HookMatchingOptions;

  constructor(options: HookMatchingOptions) {
    this.#options = options;
  }

  /** The write as the webhook sees it; undefined: it is not asked. Throws when the namespace is gone. */
  async seenBy(hook: Hook, admission: Admission): Promise<Seen | undefined> {
    const { matching, equivalents } = this.#options;
    const resource = await matching.matchedBy(hook.criteria, admission);
    if (!resource) return undefined;
    const seen = await seenAs(admission, resource, equivalents);
    if (hook.conditions.length > 0 && !(await conditionsHold(hook, seen, this.#options))) return undefined;
    return seen;
  }
}
