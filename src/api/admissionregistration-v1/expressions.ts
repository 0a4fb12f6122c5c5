/** What expressions about writes may mention. */
import { compileRule, type Rule } from "#machinery/cel/cel";
import { ANYTHING, type Declaration, declare } from "#machinery/cel/declaration";
import { BOOL, DYN, objectType, opaque, type Type } from "#machinery/cel/types";
import type { JsonSchema } from "#machinery/schema";

const text: JsonSchema = { type: "string" };
const members = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: "object",
  properties,
});
const texts: JsonSchema = { type: "array", items: text };

const kind = members({ group: text, version: text, kind: text });
const resource = members({ group: text, version: text, resource: text });

/** The request as webhooks are asked about it, without the objects, which are variables of their own. */
const REQUEST = members({
  kind,
  resource,
  subResource: text,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: members({
    username: text,
    uid: text,
    groups: texts,
    extra: { type: "object", additionalProperties: texts },
  }),
  dryRun: { type: "boolean" },
});

function declareRequest(): Declaration {
  const declared = declare(REQUEST)!;
  // Its members go by their own names, where those of schemas are escaped: `request.namespace`.
  const known = Array.from(declared.fields!, ([name, { type }]): [string, Type] => [
    name === "__namespace__" ? "namespace" : name,
    type,
  ]);
  const type = objectType("kubernetes.AdmissionRequest", new Map([...known, ["options", DYN]]));
  return { ...declared, type };
}

/** Reads the variable `request` too. */
export const REQUEST_DECLARATION = declareRequest();

/** Made by whoever evaluates; it is not read from JSON. */
const question = (type: string): Declaration => ({ ...ANYTHING, type: opaque(type), sizeMax: 0 });

export const ADMISSION_VARIABLES: ReadonlyMap<string, Declaration> = new Map([
  ["object", ANYTHING],
  ["oldObject", ANYTHING],
  ["request", REQUEST_DECLARATION],
  ["authorizer", question("kubernetes.authorization.Authorizer")],
  ["authorizer.requestResource", question("kubernetes.authorization.ResourceCheck")],
]);

/** A condition as a program, or what is wrong with it. */
export function compileCondition(expression: string): Rule | { readonly error: string } {
  const rule = compileRule({ expression, variables: ADMISSION_VARIABLES, result: BOOL });
  return "error" in rule
    ? { error: rule.error.replace(/^cel expression must evaluate to a /, "must evaluate to ") }
    : rule;
}
