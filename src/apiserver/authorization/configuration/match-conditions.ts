/** Conditions over the question itself: a webhook is only asked about what concerns it. */
import { SubjectAccessReviewSpec } from "#api/authorization-v1/subjectaccessreview";
import { compileRule, type Rule } from "#machinery/cel/cel";
import { declare, type Declaration } from "#machinery/cel/declaration";
import { BOOL, objectType, type Type } from "#machinery/cel/types";
import type { JsonSchema } from "#machinery/schema";

const text: JsonSchema = { type: "string" };
const texts: JsonSchema = { type: "array", items: text };
const members = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: "object",
  properties,
});
const selector = members({
  rawSelector: text,
  requirements: { type: "array", items: members({ key: text, operator: text, values: texts }) },
});

const REQUEST = members({
  resourceAttributes: members({
    namespace: text,
    verb: text,
    group: text,
    version: text,
    resource: text,
    subresource: text,
    name: text,
    fieldSelector: selector,
    labelSelector: selector,
  }),
  nonResourceAttributes: members({ path: text, verb: text }),
  user: text,
  groups: texts,
  extra: { type: "object", additionalProperties: texts },
  uid: text,
});

/** Members go by their own names, where those of schemas are escaped: `namespace`. */
function plainNames({ type, fields }: Declaration, name: string): Type {
  if (!fields) return type;
  const members = Array.from(fields, ([field, declared]): [string, Type] => {
    const plain = field === "__namespace__" ? "namespace" : field;
    return [plain, plainNames(declared, `${name}.${plain}`)];
  });
  return objectType(name, new Map(members));
}

function declareRequest(): Declaration {
  const declared = declare(REQUEST)!;
  return { ...declared, type: plainNames(declared, "kubernetes.SubjectAccessReviewSpec") };
}

const DECLARATION = declareRequest();

/** A condition as a program, or what is wrong with it. */
export function compileMatchCondition(expression: string): Rule | { readonly error: string } {
  const rule = compileRule({ expression, variables: new Map([["request", DECLARATION]]), result: BOOL });
  return "error" in rule
    ? { error: rule.error.replace(/^cel expression must evaluate to a /, "must evaluate to ") }
    : rule;
}

/** The question as the variable `request`. */
export const readRequest = (spec: SubjectAccessReviewSpec) => DECLARATION.read(complete(spec));

/** Texts that are not set are empty, so that expressions need not ask for each. */
const complete = ({ resourceAttributes, nonResourceAttributes, ...who }: SubjectAccessReviewSpec) => ({
  user: "",
  uid: "",
  groups: [],
  extra: {},
  ...who,
  ...(resourceAttributes ? { resourceAttributes: { ...NO_RESOURCE, ...resourceAttributes } } : {}),
  ...(nonResourceAttributes
    ? { nonResourceAttributes: { path: "", verb: "", ...nonResourceAttributes } }
    : {}),
});

const NO_RESOURCE = {
  namespace: "",
  verb: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  name: "",
};
