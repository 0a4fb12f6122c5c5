/** Rules of a schema (`x-kubernetes-validations`) held against objects. */
import { stringifyJson } from "../json.ts";
import { sameJson } from "../same-json.ts";
import {
  duplicate,
  type FieldProblem,
  forbidden,
  invalid,
  type JsonSchema,
  required,
  type SchemaRule,
} from "../schema.ts";
import { compileRule, type Rule, RUNTIME_COST_BUDGET } from "./cel.ts";
import { type Declaration, declare } from "./declaration.ts";
import { normalizedFieldPath } from "./field-path.ts";
import type { Evaluation, Variables } from "./program.ts";
import { BOOL, optionalOf, STRING } from "./types.ts";
import { CelError, isError, Optional } from "./values.ts";

/** A rule with what it takes to evaluate it and to say that it failed. */
export interface CompiledRule {
  readonly source: SchemaRule;
  readonly rule: Rule | { readonly error: string };
  readonly message: Rule | { readonly error: string } | undefined;
}

/** Longer messages that are made by expressions are not used. Characters. */
const MESSAGE_MAX = 5 * 1024;

const textOf = ({ message, rule }: SchemaRule): string => (message || rule).trim();

/** Does the rule compare with what was there before? */
export const usesOld = ({ rule, message }: CompiledRule): boolean =>
  mentionsOld(rule) || (message !== undefined && mentionsOld(message));

const mentionsOld = (rule: CompiledRule["rule"]): boolean =>
  "program" in rule && rule.program.mentions("oldSelf");

export function compileSchemaRule(source: SchemaRule, self: Declaration): CompiledRule {
  const old = source.optionalOldSelf ? { ...self, type: optionalOf(self.type) } : self;
  const variables = new Map([
    ["self", self],
    ["oldSelf", old],
  ]);
  const rule = compileRule({ expression: source.rule, variables, result: BOOL });
  const { messageExpression: expression } = source;
  const message = expression
    ? compileRule({ expression, variables, result: STRING, called: "messageExpression" })
    : undefined;
  return { source, rule, message };
}

/** One place of the schema, with the rules there and below. */
interface Place {
  readonly self: Declaration | undefined;
  readonly rules: readonly CompiledRule[];
  /** What errors about the rule itself show as the value. */
  readonly typeName: string;
  readonly all: readonly Place[];
  readonly items: Place | undefined;
  /** The key of an item, as JSON; undefined where items cannot be told apart. */
  readonly itemKey: ((item: unknown) => string) | undefined;
  readonly values: Place | undefined;
  readonly members: ReadonlyMap<string, Place>;
}

/** `schema`: where rules are; `shape`: what holds types, which is another schema inside of `allOf`. */
function placeOf(schema: JsonSchema, shape: JsonSchema, isResource: boolean): Place | undefined {
  const sources = schema["x-kubernetes-validations"] ?? [];
  const self = sources.length > 0 ? declare(shape, isResource) : undefined;
  const rules = self
    ? sources.filter(({ rule }) => rule.trim() !== "").map((source) => compileSchemaRule(source, self))
    : [];
  const place: Place = {
    self,
    rules,
    typeName: shape.type ?? "",
    all: (schema.allOf ?? [])
      .map((one) => placeOf(one, shape, isResource))
      .filter((one) => one !== undefined),
    items: placeBelow(single(schema.items), single(shape.items)),
    itemKey: itemKeyOf(shape),
    values: placeBelow(single(schema.additionalProperties), single(shape.additionalProperties)),
    members: membersOf(schema, shape),
  };
  const empty = rules.length + place.all.length + place.members.size === 0 && !place.items && !place.values;
  return empty ? undefined : place;
}

const single = (schema: JsonSchema["items"] | boolean): JsonSchema | undefined =>
  typeof schema === "object" && !Array.isArray(schema) ? (schema as JsonSchema) : undefined;

const placeBelow = (schema: JsonSchema | undefined, shape: JsonSchema | undefined): Place | undefined =>
  schema && shape && placeOf(schema, shape, shape["x-kubernetes-embedded-resource"] === true);

function membersOf(schema: JsonSchema, shape: JsonSchema): ReadonlyMap<string, Place> {
  const members = new Map<string, Place>();
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const place = placeBelow(member, shape.properties?.[name]);
    if (place) members.set(name, place);
  }
  return members;
}

function itemKeyOf(schema: JsonSchema): ((item: unknown) => string) | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys) return undefined;
  const defaults = single(schema.items)?.properties;
  return (item) =>
    stringifyJson(keys.map((key) => (item as Json | null)?.[key] ?? defaults?.[key]?.default ?? null));
}

type Json = Readonly<Record<string, unknown>>;

export interface Verdict {
  readonly problems: readonly FieldProblem[];
  /** What is wrong and was wrong before: not refused, so that it is not in the way of other changes. */
  readonly tolerated: readonly FieldProblem[];
}

/**
 * What the rules of its schema say of an object. `old`: what was stored before; what has not changed since is
 * tolerated, but by rules about transitions.
 */
export type RuleCheck = (object: unknown, old: unknown) => Verdict;

/** The check of all rules in a schema; undefined when it has none. */
export function compileSchemaRules(schema: JsonSchema, isResource: boolean): RuleCheck | undefined {
  const place = placeOf(schema, schema, isResource);
  return (
    place &&
    ((object, old) => {
      const walk = new Walk();
      walk.visit(place, {
        value: object,
        old,
        path: "",
        unchanged: once(() => old !== undefined && sameJson(object, old)),
      });
      return walk;
    })
  );
}

interface Here {
  readonly value: unknown;
  readonly old: unknown;
  readonly path: string;
  /** Is this place as it was, or the nearest one around it that can be compared? */
  readonly unchanged: () => boolean;
}

function once(compute: () => boolean): () => boolean {
  let known: boolean | undefined;
  return () => (known ??= compute());
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

/** Goes through one object, with one budget for all its rules. */
class Walk implements Verdict {
  readonly problems: FieldProblem[] = [];
  readonly tolerated: FieldProblem[] = [];
  #budget = RUNTIME_COST_BUDGET;

  visit(place: Place, here: Here): void {
    if (this.#budget < 0 || !isPresent(here.value)) return;
    this.#evaluateRules(place, here);
    for (const one of place.all) this.visit(one, here);
    if (Array.isArray(here.value)) this.#visitItems(place, here, here.value);
    else if (typeof here.value === "object") this.#visitMembers(place, here, here.value as Json);
  }

  #below(here: Here, value: unknown, old: unknown, path: string): Here {
    const unchanged = old === undefined ? here.unchanged : once(() => sameJson(value, old));
    return { value, old, path, unchanged };
  }

  #visitItems({ items, itemKey }: Place, here: Here, list: readonly unknown[]): void {
    if (!items) return;
    const before =
      itemKey && Array.isArray(here.old) ? new Map(here.old.map((item) => [itemKey(item), item])) : undefined;
    for (const [index, item] of list.entries())
      this.visit(items, this.#below(here, item, before?.get(itemKey!(item)), `${here.path}[${index}]`));
  }

  #visitMembers({ members, values }: Place, here: Here, object: Json): void {
    const old = typeof here.old === "object" && here.old !== null ? (here.old as Json) : {};
    for (const [name, value] of Object.entries(object)) {
      const before = Object.hasOwn(old, name) ? old[name] : undefined;
      const place = members.get(name);
      const path = here.path === "" ? name : `${here.path}.${name}`;
      if (place) this.visit(place, this.#below(here, value, before, path));
      else if (values) this.visit(values, this.#below(here, value, before, `${here.path}[${name}]`));
    }
  }

  #evaluateRules(place: Place, here: Here): void {
    for (const rule of place.rules) {
      if (this.#budget < 0) return;
      if (this.#budget === 0) return this.#outOfBudget(place, here);
      this.#evaluateRule(place, rule, here);
    }
  }

  #outOfBudget({ typeName }: Place, { path }: Here): void {
    const detail =
      "validation failed due to running out of cost budget, no further validation rules will be run";
    this.problems.push(invalid(path, typeName, detail));
    this.#budget = -1;
  }

  #evaluateRule(place: Place, compiled: CompiledRule, here: Here): void {
    const { source, rule } = compiled;
    const { path, old } = here;
    const fail = (detail: string): void => void this.problems.push(invalid(path, place.typeName, detail));
    if ("error" in rule) return fail(`rule compile error: ${rule.error}`);
    const transition = usesOld(compiled);
    if (transition && !isPresent(old) && source.optionalOldSelf !== true) return;
    const variables = variablesOf(place.self!, source, here);
    const evaluation = rule.program.evaluate(variables);
    if (!this.#pay(evaluation)) return this.#outOfBudget(place, here);
    if (evaluation.value === true) return;
    if (isError(evaluation.value)) {
      if (evaluation.exceeded) this.#budget = -1;
      return fail(errorDetail(evaluation, source));
    }
    const message = this.#messageOf(compiled, variables);
    if (message.over) this.#budget = -1;
    // Errors show simple values only.
    const shown = typeof here.value === "object" ? undefined : here.value;
    const list = !transition && here.unchanged() ? this.tolerated : this.problems;
    list.push(problemFor(source, shown, path, message.text));
  }

  #pay({ cost }: Evaluation): boolean {
    if (cost > this.#budget) return false;
    this.#budget -= cost;
    return true;
  }

  #messageOf(
    { source, message }: CompiledRule,
    variables: Variables,
  ): { readonly text: string; readonly over: boolean } {
    const plain = {
      text: source.message ? source.message.trim() : `failed rule: ${textOf(source)}`,
      over: false,
    };
    if (!message || "error" in message) return plain;
    const evaluation = message.program.evaluate(variables);
    const quoted = JSON.stringify(source.messageExpression);
    if (!this.#pay(evaluation)) {
      const text =
        "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run";
      return { text, over: true };
    }
    if (evaluation.exceeded) {
      const text = `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted}`;
      return { text, over: true };
    }
    if (typeof evaluation.value !== "string") return plain;
    const text = evaluation.value.trim();
    const usable = text !== "" && text.length <= MESSAGE_MAX && !text.includes("\n");
    return usable ? { text, over: false } : plain;
  }
}

function variablesOf(self: Declaration, { optionalOldSelf }: SchemaRule, { value, old }: Here): Variables {
  return (name) => {
    if (name === "self") return self.read(value);
    if (!isPresent(old)) return optionalOldSelf ? Optional.none : undefined;
    const before = self.read(old);
    return optionalOldSelf && !isError(before) ? new Optional(before) : before;
  };
}

function errorDetail({ value, exceeded }: Evaluation, source: SchemaRule): string {
  const { message } = value as CelError;
  const rule = textOf(source);
  if (message.startsWith("no such overload"))
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${rule}`;
  return exceeded
    ? `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`
    : `${message} evaluating rule: ${rule}`;
}

function problemFor(source: SchemaRule, value: unknown, path: string, detail: string): FieldProblem {
  const field = normalizedFieldPath(source.fieldPath ?? "");
  const where = field === "" ? path : path === "" ? field : `${path}.${field}`;
  switch (source.reason) {
    case "FieldValueForbidden":
      return forbidden(where, detail);
    case "FieldValueRequired":
      return required(where, detail);
    case "FieldValueDuplicate":
      return duplicate(where, value);
    default:
      return invalid(where, value, detail);
  }
}
