/** What device selectors may say. */
import { compileRule } from "#machinery/cel/cel";
import { type Declaration, declareValueOf } from "#machinery/cel/declaration";
import { BOOL, DYN, mapOf, objectType, opaque, STRING } from "#machinery/cel/types";
import { type FieldProblem, forbidden, invalid, required, tooLong } from "#machinery/schema";

const EXPRESSION_BYTES_MAX = 10 * 1024;
/** Cost units of one evaluation. */
const COST_MAX = 1_000_000;

const byDomain = (value: Parameters<typeof mapOf>[1]) => mapOf(STRING, mapOf(STRING, value));

const DEVICE = objectType(
  "kubernetes.DRADevice",
  new Map([
    ["driver", STRING],
    ["attributes", byDomain(DYN)],
    ["capacity", byDomain(opaque("kubernetes.Quantity"))],
    ["allowMultipleAllocations", BOOL],
  ]),
);

const VARIABLES: ReadonlyMap<string, Declaration> = new Map([["device", declareValueOf(DEVICE)]]);

/** What is wrong with the expression of one selector; `path` leads to the expression. */
export function* problemsOfSelector(expression: string, path: string): Iterable<FieldProblem> {
  if (expression === "") return yield required(path);
  if (new TextEncoder().encode(expression).length > EXPRESSION_BYTES_MAX)
    return yield tooLong(path, EXPRESSION_BYTES_MAX);
  const rule = compileRule({ expression, variables: VARIABLES, result: BOOL });
  if ("error" in rule) yield invalid(path, expression, rule.error);
  else if (rule.estimate > COST_MAX) yield forbidden(path, "too complex, exceeds cost limit");
}
