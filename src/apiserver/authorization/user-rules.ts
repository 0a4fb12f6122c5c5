/** What those who decide know of a user's rights, before anything is asked. */
import type { User } from "../contracts.ts";
import { nodeOf } from "./node.ts";
import type { RbacAuthorizer } from "./rbac.ts";
import type { Rule } from "./rules.ts";

export interface KnownRules {
  readonly rules: readonly Rule[];
  /** Somebody decides by means that are no rules: there may be more rights, or fewer. */
  readonly incomplete: boolean;
  readonly errors: readonly string[];
}

/** The rights in one namespace, and those outside of any. */
export type UserRules = (user: User, namespace: string) => KnownRules;

const NONE: KnownRules = { rules: [], incomplete: false, errors: [] };

const unpredictable = (error: string): KnownRules => ({ rules: [], incomplete: true, errors: [error] });

const ALL: readonly Rule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

/** `types`: of those who are asked, in order; read anew with each question. */
export const userRules =
  (types: () => readonly string[], rbac: RbacAuthorizer): UserRules =>
  (user, namespace) => {
    const known = types().map((type) => rulesKnownTo(type, rbac, user, namespace));
    return {
      rules: known.flatMap(({ rules }) => rules),
      incomplete: known.some(({ incomplete }) => incomplete),
      errors: known.flatMap(({ errors }) => errors),
    };
  };

function rulesKnownTo(type: string, rbac: RbacAuthorizer, user: User, namespace: string): KnownRules {
  switch (type) {
    case "RBAC": {
      const { rules, missing } = rbac.rulesOf(user, namespace);
      return { rules, incomplete: false, errors: missing };
    }
    case "Node":
      return nodeOf(user) === undefined
        ? NONE
        : unpredictable("node authorizer does not support user rule resolution");
    case "Webhook":
      return unpredictable("webhook authorizer does not support user rule resolution");
    case "AlwaysAllow":
      return { rules: ALL, incomplete: false, errors: [] };
    default:
      return NONE;
  }
}
