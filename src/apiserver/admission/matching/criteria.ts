import type { MatchResources } from "#api/admissionregistration-v1/matching";
import { type LabelSelector, selectsAll } from "#api/meta-v1/labelselector";
import { compileSelector, type LabelMatcher } from "#machinery/label-selector";
import { type CompiledRule, compileNamedRule } from "./rules.ts";

/** Which writes something is about. */
export interface Criteria {
  /** Undefined: all. */
  readonly rules: readonly CompiledRule[] | undefined;
  /** What these match is left out. */
  readonly exclude: readonly CompiledRule[];
  /** Rules also match other versions of the same objects, which are converted. */
  readonly equivalent: boolean;
  /** Undefined: all. */
  readonly namespaceMatches: LabelMatcher | undefined;
  readonly objectMatches: LabelMatcher | undefined;
}

const ALL: Criteria = {
  rules: undefined,
  exclude: [],
  equivalent: false,
  namespaceMatches: undefined,
  objectMatches: undefined,
};

/** Of policies and their bindings. Without rules they are about everything. */
export function compileCriteria(match: MatchResources | undefined): Criteria {
  if (!match) return ALL;
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = match;
  return {
    rules: resourceRules.length === 0 ? undefined : resourceRules.map(compileNamedRule),
    exclude: excludeResourceRules.map(compileNamedRule),
    equivalent: matchPolicy !== "Exact",
    namespaceMatches: matcherOf(match.namespaceSelector),
    objectMatches: matcherOf(match.objectSelector),
  };
}

export const matcherOf = (selector: LabelSelector | undefined): LabelMatcher | undefined =>
  selector === undefined || selectsAll(selector) ? undefined : compileSelector(selector);
