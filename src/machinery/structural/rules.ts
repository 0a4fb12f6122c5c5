/** Rules in CEL (`x-kubernetes-validations`): this is where their engine comes in. */
import type { FieldProblem, JsonSchema } from "../schema.ts";
import { itemsOf, valuesOf } from "./place.ts";

/** Checks one place of an object; `old` is the stored value there, for rules about transitions. */
export type RuleCheck = (value: unknown, old: unknown, path: string, problems: FieldProblem[]) => void;

/** Makes the check of a schema that has rules. */
export type RuleEngine = (schema: JsonSchema) => RuleCheck;

let engine: RuleEngine | undefined;

/** From now on rules are enforced. To be called before the first schema is compiled. */
export function useRuleEngine(made: RuleEngine): void {
  engine = made;
}

/** The check of this schema's own rules; undefined where it has none, or nobody can read them. */
export function rulesOf(schema: JsonSchema): RuleCheck | undefined {
  return hasRules(schema) ? engine?.(schema) : undefined;
}

const hasRules = (schema: JsonSchema): boolean => (schema["x-kubernetes-validations"]?.length ?? 0) > 0;

/** Paths in a schema of rules that are kept and not enforced. */
export function* unenforcedRules(schema: JsonSchema, path: string): Iterable<string> {
  if (engine) return;
  if (hasRules(schema)) yield `${path}.x-kubernetes-validations`;
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* unenforcedRules(member, `${path}.properties[${name}]`);
  const items = itemsOf(schema);
  if (items) yield* unenforcedRules(items, `${path}.items`);
  const values = valuesOf(schema);
  if (values && values !== true) yield* unenforcedRules(values, `${path}.additionalProperties`);
}
