import type { NamedRuleWithOperations, RuleWithOperations } from "#api/admissionregistration-v1/matching";
import type { Operation } from "../../contracts.ts";

/** What a rule looks at. */
export interface Subject {
  readonly operation: Operation;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string;
  readonly name: string;
  /** Lives in a namespace; a namespace itself does not. */
  readonly inNamespace: boolean;
}

export type CompiledRule = (subject: Subject) => boolean;

/** A rule as one function. */
export function compileRule({
  operations,
  apiGroups,
  apiVersions,
  resources,
  scope,
}: RuleWithOperations): CompiledRule {
  const isOperation = anyOf(operations);
  const isGroup = anyOf(apiGroups);
  const isVersion = anyOf(apiVersions);
  const patterns = (resources ?? []).map(compileResource);
  return ({ operation, group, version, plural, subresource, inNamespace }) =>
    isOperation(operation) &&
    isGroup(group) &&
    isVersion(version) &&
    patterns.some((matches) => matches(plural, subresource)) &&
    (scope === "Namespaced" ? inNamespace : scope === "Cluster" ? !inNamespace : true);
}

/** As `compileRule`, for objects with these names only, where there are any. */
export function compileNamedRule({ resourceNames, ...rule }: NamedRuleWithOperations): CompiledRule {
  const matches = compileRule(rule);
  if (!resourceNames || resourceNames.length === 0) return matches;
  const names = new Set(resourceNames);
  return (subject) => names.has(subject.name) && matches(subject);
}

function anyOf(values: readonly string[] = []): (value: string) => boolean {
  if (values.includes("*")) return () => true;
  return (value) => values.includes(value);
}

/** `pods` is the object and nothing below it, as `*` is of all objects; `pods/*` is the object and all below it. */
function compileResource(text: string): (plural: string, subresource: string) => boolean {
  const [resource = "", part = ""] = text.split("/");
  return (plural, subresource) =>
    (resource === "*" || resource === plural) && (part === "*" || part === subresource);
}
