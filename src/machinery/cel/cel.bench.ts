/** Run: node src/machinery/cel/cel.bench.ts */
import { measure, report } from "../derive/bench-pod.ts";
import type { JsonSchema } from "../schema.ts";
import { compileRule, type Rule } from "./cel.ts";
import { declare } from "./declaration.ts";
import { Regexp } from "./regexp/regexp.ts";
import { compileSchemaRules } from "./schema-rules.ts";
import { BOOL } from "./types.ts";

const schema: JsonSchema = {
  type: "object",
  properties: {
    min: { type: "integer" },
    max: { type: "integer" },
    name: { type: "string", maxLength: 63 },
    items: { type: "array", maxItems: 20, items: { type: "string", maxLength: 20 } },
  },
};
const object = {
  min: 1,
  max: 5,
  name: "web-frontend",
  items: Array.from({ length: 10 }, (_, i) => `item-${i}`),
};
const self = declare(schema)!;
const variables = new Map([["self", self]]);

function compiled(expression: string): Rule {
  const rule = compileRule({ expression, variables, result: BOOL });
  if ("error" in rule) throw new Error(rule.error);
  return rule;
}

const evaluating = (expression: string): number => {
  const { program } = compiled(expression);
  return measure(() => program.evaluate(() => self.read(object)));
};

const rules = compileSchemaRules(
  {
    type: "object",
    properties: { spec: { ...schema, "x-kubernetes-validations": [{ rule: "self.min <= self.max" }] } },
  },
  true,
)!;
const resource = { spec: object };
const label = new Regexp("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$");

report("rules", {
  "self.min <= self.max": evaluating("self.min <= self.max"),
  "self.min <= self.max && self.name.startsWith('web')": evaluating(
    "self.min <= self.max && self.name.startsWith('web')",
  ),
  "self.items.all(x, x.size() < 20), 10 items": evaluating("self.items.all(x, x.size() < 20)"),
  "self.name.matches(...)": evaluating("self.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')"),
  "compile and check": measure(() => compiled("self.min <= self.max && self.items.all(x, x.size() < 20)")),
  "all rules of an object": measure(() => rules(resource, undefined)),
  "pattern of a label": measure(() => label.test("web-frontend")),
});
