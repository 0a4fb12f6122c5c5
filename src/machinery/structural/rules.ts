/** Rules in CEL (`x-kubernetes-validations`): this is where their engine comes in. */
import { type FieldProblem, invalid, type JsonSchema } from "../schema.ts";
import { itemsOf, valuesOf } from "./place.ts";

/** Problems of a whole object that its schema finds nothing wrong with. `old`: what is stored; undefined on create. */
export type ObjectRules = (object: unknown, old: unknown) => Iterable<FieldProblem>;

/** What reads and enforces rules. */
export interface RuleEngine {
  /** What is wrong with the rules of a schema: they do not compile, or may cost too much. */
  problems(schema: JsonSchema, path: string): Iterable<FieldProblem>;
  /** All rules of an object's schema, at every depth; called once for each schema that has some. */
  compile(schema: JsonSchema): ObjectRules;
}

let engine: RuleEngine | undefined;

/** From now on rules are enforced. To be called before the first definition is taken in. */
export function useRuleEngine(made: RuleEngine): void {
  engine = made;
}

/** What is wrong with the rules of a definition's schema. */
export function* ruleProblems(schema: JsonSchema, path: string): Iterable<FieldProblem> {
  if (engine && !placesOfRules(schema, path).next().done) yield* engine.problems(schema, path);
}

/** Paths in a schema of rules that are kept and not enforced. */
export function* unenforcedRules(schema: JsonSchema, path: string): Iterable<string> {
  if (!engine) yield* placesOfRules(schema, path);
}

const compiled = new WeakMap<JsonSchema, ObjectRules | "none">();

/** What the rules say of an object in which the schema has found these problems. */
export function* brokenRules(
  schema: JsonSchema,
  object: unknown,
  old: unknown,
  found: readonly FieldProblem[],
): Iterable<FieldProblem> {
  const rules = objectRules(schema);
  if (rules === "none") return;
  if (found.some(({ type }) => BLOCKING.has(type))) yield UNCHECKED;
  else yield* rules(object, old);
}

function objectRules(schema: JsonSchema): ObjectRules | "none" {
  let known = compiled.get(schema);
  if (!known) {
    const hasSome = !placesOfRules(schema, "").next().done;
    known = engine && hasSome ? engine.compile(schema) : "none";
    compiled.set(schema, known);
  }
  return known;
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

function* placesOfRules(schema: JsonSchema, path: string): Generator<string, void> {
  if ((schema["x-kubernetes-validations"]?.length ?? 0) > 0) yield `${path}.x-kubernetes-validations`;
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* placesOfRules(member, `${path}.properties[${name}]`);
  const items = itemsOf(schema);
  if (items) yield* placesOfRules(items, `${path}.items`);
  const values = valuesOf(schema);
  if (values && values !== true) yield* placesOfRules(values, `${path}.additionalProperties`);
}
