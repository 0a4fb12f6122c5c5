/** Rules in CEL (`x-kubernetes-validations`): of a definition's schema, and held against its objects. */
import { schemaRuleProblems } from "../cel/schema-rule-problems.ts";
import { compileSchemaRules, type RuleCheck } from "../cel/schema-rules.ts";
import { type FieldProblem, invalid, type JsonSchema } from "../schema.ts";

/** What is wrong with the rules of a definition's schema: they do not compile, or may cost too much. */
export const ruleProblems = schemaRuleProblems;

const compiled = new WeakMap<JsonSchema, RuleCheck | "none">();

/** Whether the schema has rules. Makes them ready where they are not, inside of `around`. */
export function prepareRules(
  schema: JsonSchema,
  around: (work: () => RuleCheck | undefined) => RuleCheck | undefined,
): boolean {
  const isReady = compiled.has(schema);
  return (isReady ? rulesOf(schema) : around(() => rulesOf(schema))) !== undefined;
}

/** What the rules say of an object in which the schema has found these problems. */
export function* brokenRules(
  schema: JsonSchema,
  object: unknown,
  old: unknown,
  found: readonly FieldProblem[],
): Iterable<FieldProblem> {
  const rules = rulesOf(schema);
  if (!rules) return;
  if (found.some(({ type }) => BLOCKING.has(type))) yield UNCHECKED;
  else yield* rules(object, old).problems;
}

/** What the rules of a place in a schema say of its default. */
export const brokenByDefault = (schema: JsonSchema): readonly FieldProblem[] =>
  compileSchemaRules(schema, false)?.(schema.default, undefined).problems ?? [];

/** What the rules find wrong in an object that is as it was: worth a word, but no reason to refuse. */
export const toleratedByRules = (
  schema: JsonSchema,
  object: unknown,
  old: unknown,
): readonly FieldProblem[] => rulesOf(schema)?.(object, old).tolerated ?? [];

function rulesOf(schema: JsonSchema): RuleCheck | undefined {
  let rules = compiled.get(schema);
  if (!rules) compiled.set(schema, (rules = compileSchemaRules(schema, true) ?? "none"));
  return rules === "none" ? undefined : rules;
}

/** A rule may rely on types, on what is required, and on bounds that its cost was estimated by. */
const BLOCKING = new Set<FieldProblem["type"]>([
  "notSupported",
  "required",
  "tooLong",
  "tooMany",
  "typeInvalid",
]);

const UNCHECKED = invalid(
  "",
  null,
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
);
