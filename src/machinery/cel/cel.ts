/**
 * The Common Expression Language as Kubernetes 1.35 has it: text is parsed, its types are checked, what it can cost is
 * estimated, and it is compiled to closures that count what they really cost.
 *
 * ```ts
 * const self = declare(schema)!;
 * const rule = compileRule({ expression: "self.min <= self.max", variables: new Map([["self", self]]), result: BOOL });
 * if ("error" in rule) throw new Error(rule.error);
 * rule.estimate; // the most that it can cost, from maxItems and the like
 * const { value, cost } = rule.program.evaluate(() => self.read(object.spec));
 * if (isError(value)) console.log(value.message);
 * ```
 *
 * What has no schema is declared as `ANYTHING`, whose types are looked at when it is evaluated; what is no JSON, as the
 * authorizer (`library/authorizer.ts`), with `declareValueOf`.
 *
 * Integers are `bigint`, doubles are `number`. Errors of an evaluation are values (`CelError`), never thrown. The rules
 * of custom kinds are in `schema-rules.ts`.
 */
import type { Declaration } from "./declaration.ts";
import { estimateCost } from "./estimate.ts";
import { KUBERNETES_FUNCTIONS } from "./library/kubernetes.ts";
import { compileProgram, type Program } from "./program.ts";
import { printType, type Type } from "./types.ts";
import { sameType } from "./unify.ts";

/** One expression may be estimated to cost at most this, in cost units, with all places it is evaluated at. */
export const ESTIMATED_COST_LIMIT = 10_000_000;
/** All expressions of one schema together. */
export const ESTIMATED_SCHEMA_COST_LIMIT = 100_000_000;
/** What all rules together may really cost for one object. */
export const RUNTIME_COST_BUDGET = 10_000_000;

export interface RuleSource {
  readonly expression: string;
  /** What it may mention. */
  readonly variables: ReadonlyMap<string, Declaration>;
  /** The type that the expression must have. */
  readonly result: Type;
  /** How errors call it; a rule is called nothing. */
  readonly called?: string;
}

export interface Rule {
  readonly program: Program;
  /** The most that one evaluation can cost. */
  readonly estimate: number;
}

/** The compiled expression, or what is wrong with it in upstream's words. */
export function compileRule({
  expression,
  variables,
  result,
  called,
}: RuleSource): Rule | { readonly error: string } {
  const types = new Map(Array.from(variables, ([name, { type }]) => [name, type]));
  const program = compileProgram(expression, {
    functions: KUBERNETES_FUNCTIONS,
    variables: types,
    strict: true,
  });
  if ("errors" in program)
    return { error: `${called === undefined ? "" : `${called} `}compilation failed: ${program.errors}` };
  if (!sameType(result, program.type))
    return { error: `${called ?? "cel expression"} must evaluate to a ${printType(result)}` };
  return { program, estimate: estimateCost(program.node, variables).max };
}
