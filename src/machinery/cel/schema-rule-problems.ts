/** What is wrong with the rules of a schema, before any object is held against them. */
import {
  type FieldProblem,
  forbidden,
  invalid,
  type JsonSchema,
  required,
  type SchemaRule,
} from "../schema.ts";
import { ESTIMATED_COST_LIMIT, ESTIMATED_SCHEMA_COST_LIMIT, type Rule } from "./cel.ts";
import { type Declaration, declare, REQUEST_MAX } from "./declaration.ts";
import { problemOfFieldPath } from "./field-path.ts";
import { UNBOUNDED } from "./pricing.ts";
import { compileSchemaRule, usesOld } from "./schema-rules.ts";

type Problems = Iterable<FieldProblem>;

/** The most expensive expressions that an error names. */
const EXPENSIVE_NAMED_MAX = 4;

interface Around {
  readonly path: string;
  /** How often the place can be there in one object; undefined when that is not bounded. */
  readonly times: number | undefined;
  /** The list around whose items cannot be told apart. */
  readonly uncorrelatable: string | undefined;
  readonly isResource: boolean;
}

/** Problems of all rules in a schema, that of a whole object at `path`. */
export function schemaRuleProblems(schema: JsonSchema, path: string): readonly FieldProblem[] {
  const costs: { readonly path: string; readonly cost: number }[] = [];
  const problems = [
    ...placeProblems(schema, { path, times: 1, uncorrelatable: undefined, isResource: true }, (where, cost) =>
      costs.push({ path: where, cost }),
    ),
  ];
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= ESTIMATED_SCHEMA_COST_LIMIT) return problems;
  const expensive = costs.toSorted((a, b) => b.cost - a.cost).slice(0, EXPENSIVE_NAMED_MAX);
  const contributed =
    "contributed to estimated rule & messageExpression cost total exceeding cost limit for entire OpenAPIv3 schema";
  for (const { path: where } of expensive) problems.push(forbidden(where, contributed));
  const what =
    "x-kubernetes-validations estimated rule & messageExpression cost total for entire OpenAPIv3 schema";
  problems.push(forbidden(path, exceeds(what, total, ESTIMATED_SCHEMA_COST_LIMIT)));
  return problems;
}

type Observe = (path: string, cost: number) => void;

function* placeProblems(schema: JsonSchema, around: Around, observe: Observe): Problems {
  yield* rulesProblems(schema, around, observe);
  const { path, times, uncorrelatable } = around;
  const { items, additionalProperties: values } = schema;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const isResource = isEmbedded(member);
    yield* placeProblems(member, { ...around, path: `${path}.properties[${name}]`, isResource }, observe);
  }
  if (items && !Array.isArray(items)) {
    const one = items as JsonSchema;
    const keyed = schema["x-kubernetes-list-type"] === "map";
    const below: Around = {
      path: `${path}.items`,
      times: product(times, schema.maxItems),
      uncorrelatable: uncorrelatable ?? (keyed ? undefined : path),
      isResource: isEmbedded(one),
    };
    yield* placeProblems(one, below, observe);
  }
  if (typeof values === "object") {
    const below: Around = {
      ...around,
      path: `${path}.additionalProperties`,
      times: product(times, schema.maxProperties),
      isResource: isEmbedded(values),
    };
    yield* placeProblems(values, below, observe);
  }
}

const isEmbedded = (schema: JsonSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;

const product = (times: number | undefined, most: number | undefined): number | undefined =>
  times === undefined || most === undefined ? undefined : times * most;

function* rulesProblems(schema: JsonSchema, around: Around, observe: Observe): Problems {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return;
  const place = `${around.path}.x-kubernetes-validations`;
  const self = declare(schema, around.isResource);
  for (const [index, rule] of rules.entries()) {
    const path = `${place}[${index}]`;
    yield* textProblems(rule, schema, path);
    if (!self) {
      const unknown = `rule declared on schema that does not support validation rules type: '${schema.type ?? ""}' x-kubernetes-preserve-unknown-fields: '${schema["x-kubernetes-preserve-unknown-fields"] === true}'`;
      yield invalid(`${path}.rule`, rule, unknown);
    } else if (rule.rule.trim() !== "") yield* ruleProblems(rule, self, path, around, observe);
  }
}

const BREAKS = /[\r\n]/;

function* textProblems(rule: SchemaRule, schema: JsonSchema, path: string): Problems {
  const { message, messageExpression, fieldPath } = rule;
  if (rule.rule.trim() === "") yield required(`${path}.rule`, "rule is not specified");
  if (message !== undefined && message !== "" && message.trim() === "")
    yield invalid(`${path}.message`, message, "message must be non-empty if specified");
  else if (message && BREAKS.test(message.trim()))
    yield invalid(`${path}.message`, message, "message must not contain line breaks");
  else if (BREAKS.test(rule.rule.trim()) && !message && !messageExpression)
    yield required(`${path}.message`, "message must be specified if rule contains line breaks");
  if (messageExpression !== undefined && messageExpression !== "" && messageExpression.trim() === "")
    yield required(`${path}.messageExpression`, "must be non-empty if specified");
  if (!fieldPath) return;
  const problem = problemOfFieldPath(fieldPath, schema);
  if (problem !== undefined)
    yield invalid(`${path}.fieldPath`, fieldPath, `fieldPath must be a valid path: ${problem}`);
}

function* ruleProblems(
  source: SchemaRule,
  self: Declaration,
  path: string,
  { times, uncorrelatable }: Around,
  observe: Observe,
): Problems {
  const compiled = compileSchemaRule(source, self);
  const { rule, message } = compiled;
  const often = times ?? Math.floor(REQUEST_MAX / (self.bytesMin + 1));
  if ("error" in rule) yield invalid(`${path}.rule`, source, rule.error);
  else yield* costProblems(rule, often, `${path}.rule`, "estimated rule cost", observe);
  if (message && "error" in message) yield invalid(`${path}.messageExpression`, source, message.error);
  else if (message) {
    const where = `${path}.messageExpression`;
    yield* costProblems(message, 1, where, "estimated messageExpression cost", observe);
  }
  if (!usesOld(compiled)) {
    if (source.optionalOldSelf)
      yield invalid(`${path}.optionalOldSelf`, true, "may not be set if oldSelf is not used in rule");
  } else if (uncorrelatable !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
    yield invalid(`${path}.rule`, source.rule, detail);
  }
}

function* costProblems(rule: Rule, times: number, path: string, what: string, observe: Observe): Problems {
  const cost = Math.min(rule.estimate * times, UNBOUNDED);
  observe(path, cost);
  if (cost > ESTIMATED_COST_LIMIT) yield forbidden(path, exceeds(what, cost, ESTIMATED_COST_LIMIT));
}

function exceeds(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? "more than 100x" : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
