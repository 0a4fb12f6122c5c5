/** Estimated and real costs. The numbers are those of upstream's engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema } from "../schema.ts";
import { type Declaration, declare } from "./declaration.ts";
import { estimateCost } from "./estimate.ts";
import { KUBERNETES_FUNCTIONS } from "./library/kubernetes.ts";
import { CelError } from "./values.ts";
import { compileProgram, PER_CALL_LIMIT, type Program } from "./program.ts";

function compiled(expression: string, variables: ReadonlyMap<string, Declaration> = new Map()): Program {
  const types = new Map(Array.from(variables, ([name, { type }]) => [name, type]));
  const program = compileProgram(expression, {
    functions: KUBERNETES_FUNCTIONS,
    variables: types,
    strict: true,
  });
  assert.ok(!("errors" in program), "errors" in program ? program.errors : "");
  return program;
}

const LITERALS: readonly (readonly [expression: string, min: number, max: number, real: number])[] = [
  ["'Hello World!'", 0, 0, 0],
  ["[1, 2, 3]", 10, 10, 10],
  ["{'a': 1, 'b': 2}", 30, 30, 30],
  ["[1, 2, 3].all(x, true)", 20, 20, 20],
  ["2 in [1, 2, 3]", 13, 13, 13],
  ["1 < 2", 1, 1, 1],
  ["true ? 1 : 2", 0, 0, 0],
  ["true || false", 0, 0, 0],
  ["size('123')", 1, 1, 1],
  ["'123'.matches('[0-9]')", 2, 2, 2],
  ["[1, 2, 3, 4, 5].sum()", 15, 15, 15],
  ["[1.0, 2.0, 3.0, 4.0, 5.0].isSorted()", 15, 15, 15],
  ["[uint(1), uint(2), uint(3), uint(4), uint(5)].max()", 20, 20, 20],
  ["[1, 2, 3, 4, 5].indexOf(3)", 15, 15, 15],
  ["'01234567890123456789012345678901234567890123456789'.indexOf('123')", 5, 5, 5],
  ["url('https:://kubernetes.io/').getHost()", 4, 4, 4],
  ["ip('192.168.0.1').family()", 3, 3, 3],
  ["ip('2001:db8:3333:4444:5555:6666:7777:8888')", 4, 4, 4],
  ["ip('2001:db8:3333:4444:5555:6666:7777:8888') == ip('192.168.0.1')", 7, 7, 7],
  ["ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')", 8, 8, 8],
  ["cidr('192.168.0.0/16').masked()", 3, 3, 3],
  ["cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7, 11, 7],
  ["cidr('192.168.0.0/16').containsIP(ip('192.0.0.1'))", 4, 7, 4],
  ["cidr('192.168.0.0/16').containsIP('192.169.0.1')", 5, 8, 5],
  ["sets.contains([], [])", 21, 21, 21],
  ["sets.contains([1, 2, 3, 4], [2, 3])", 29, 29, 29],
  ["'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 7, 9, 9],
  ["strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 7, 11, 9],
  ["'abc 123 def 123'.replace('', 'x')", 3, 3, 3],
  ["'abc 123 def 123'.split(' ')", 3, 3, 3],
  ["'abc 123 def 123'.substring(5, 8)", 2, 2, 2],
  ["'abc 123 def 123'.findAll('123')", 2, 2, 2],
  ['quantity("50k").add(20).sub(quantity("100k")).asInteger() > 0', 6, 6, 6],
  ['quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")', 3, 6, 6],
  ['format.named("dns1123Subdomain").value().validate("my-name")', 34, 34, 17],
  ['format.named("dns1123Label").value().validate("my-name")', 34, 34, 10],
];

for (const [expression, min, max, real] of LITERALS) {
  test(`${expression} costs ${real}`, () => {
    const program = compiled(expression);
    const { cost } = program.evaluate(() => undefined);
    assert.deepEqual([estimateCost(program.node, new Map()), cost], [{ min, max }, real]);
  });
}

const text = (maxLength: number): JsonSchema => ({ type: "string", maxLength: maxLength / 4 });
const list = (items: JsonSchema, maxItems?: number): JsonSchema => ({
  type: "array",
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
});

const SIZED: readonly (readonly [expression: string, schema: JsonSchema, min: number, max: number])[] = [
  ["self.all(x, true)", list({ type: "object" }, 100), 2, 302],
  ["self.all(x, x.all(y, true))", list(list({ type: "object" }, 10), 50), 2, 1752],
  ["self.matches('[0-9]')", text(500), 3, 103],
  ["self.size() > 0", text(500), 3, 3],
  ["bytes(self).size() > 0", text(500), 3, 53],
  [
    "self.all(k, self[k].size() > 3)",
    { type: "object", additionalProperties: text(40), maxProperties: 10 },
    2,
    82,
  ],
];

for (const [expression, schema, min, max] of SIZED) {
  test(`${expression} is estimated at ${min} to ${max}`, () => {
    const variables = new Map([["self", declare(schema)!]]);
    assert.deepEqual(estimateCost(compiled(expression, variables).node, variables), { min, max });
  });
}

test("an evaluation that costs too much ends", () => {
  const self = declare(list({ type: "integer" }))!;
  const program = compiled("self.all(x, self.all(y, x + y >= 0))", new Map([["self", self]]));
  const { exceeded, cost, value } = program.evaluate(() => self.read(Array<number>(2000).fill(1)));
  assert.equal(exceeded, true);
  assert.ok(cost > PER_CALL_LIMIT && cost < PER_CALL_LIMIT + 100);
  assert.deepEqual(value, new CelError("operation cancelled: actual cost limit exceeded"));
});
