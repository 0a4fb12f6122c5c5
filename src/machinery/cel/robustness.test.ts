/** Whatever the text: an answer or an error, soon, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ANYTHING } from "./declaration.ts";
import { estimateCost } from "./estimate.ts";
import { KUBERNETES_FUNCTIONS } from "./library/kubernetes.ts";
import { compileProgram } from "./program.ts";
import { regexp } from "./regexp/regexp.ts";
import { PatternError } from "./regexp/syntax.ts";
import { DYN } from "./types.ts";
import { isError } from "./values.ts";

const WORDS = [
  "a",
  "b",
  "self",
  "1",
  "-2",
  "3u",
  "1.5",
  "'x'",
  "b'y'",
  "null",
  "true",
  "[",
  "]",
  "{",
  "}",
  "(",
  ")",
  ",",
  ":",
  "?",
  ".",
  ".?",
  "[?",
  "==",
  "<",
  "&&",
  "||",
  "!",
  "-",
  "+",
  "*",
  "/",
  "%",
  " in ",
  ".all(x, ",
  ".map(x, ",
  ".exists(k, v, ",
  ".transformMap(k, v, ",
  ".optMap(x, ",
  "cel.bind(x, ",
  "has(",
  "size(",
  ".size()",
  ".format(",
  "timestamp(",
  "optional.of(",
  "type(",
  ".filter(x, ",
  "x",
  ".substring(",
  ".split(",
  "quantity(",
];

const expressions = fc.oneof(
  fc.array(fc.constantFrom(...WORDS), { maxLength: 14 }).map((words) => words.join("")),
  fc.string({ maxLength: 40 }),
);

for (const checked of [true, false]) {
  test(`any text is an expression or an error, ${checked ? "with" : "without"} a look at types`, () => {
    const values = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(expressions, values, (source, json) => {
        const variables = new Map(["self", "a", "b"].map((name) => [name, DYN]));
        const program = compileProgram(source, {
          functions: KUBERNETES_FUNCTIONS,
          variables,
          checked,
          strict: true,
        });
        if ("errors" in program) {
          assert.match(program.errors, /^ERROR: <input>:/);
          return;
        }
        const { cost } = program.evaluate(() => ANYTHING.read(json));
        const estimate = estimateCost(program.node, new Map());
        assert.ok(cost >= 0 && estimate.min <= estimate.max);
      }),
      { numRuns: 3000 },
    );
  });
}

test("patterns find what JavaScript's find, where both know them", () => {
  const atoms = fc.constantFrom(
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "(a|b)",
    "(ab)",
    "\\b",
    "^",
    "$",
    "(a*)",
    "\\d",
  );
  const times = fc.constantFrom("", "", "*", "+", "?", "{2}", "*?", "{1,2}");
  const patterns = fc
    .array(fc.tuple(atoms, times), { maxLength: 5 })
    .map((parts) =>
      parts.map(([atom, count]) => (/^(\\b|\^|\$)$/.test(atom) ? atom : atom + count)).join(""),
    );
  const texts = fc
    .array(fc.constantFrom("a", "b", "c", " ", "1"), { maxLength: 12 })
    .map((chars) => chars.join(""));
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const theirs = new RegExp(pattern, "u").exec(text);
      const ours = regexp(pattern);
      assert.equal(ours.test(text), theirs !== null);
      const found = ours.find(text);
      assert.deepEqual(
        found && [found[0], text.slice(...found)],
        theirs ? [theirs.index, theirs[0]] : undefined,
      );
    }),
    { numRuns: 3000 },
  );
});

test("any text is a pattern or an error", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (pattern, text) => {
      try {
        regexp(pattern).findAll(text);
      } catch (error) {
        assert.ok(error instanceof PatternError);
      }
    }),
    { numRuns: 2000 },
  );
});

/** `expression` with x doubled, thirty times over. */
const doubled = (start: string, expression: string): string =>
  `cel.bind(x, ${start}, ${"cel.bind(x, x + x, ".repeat(30)}${expression}${")".repeat(31)}`;

const GREEDY: readonly string[] = [
  doubled("'aaaaaaaaaa'", "x.size() > 0"),
  doubled("[1, 2]", "x.sum() > 0"),
  doubled("[1, 2]", "x.all(y, y > 0)"),
  doubled("['a', 'b']", "x.join(',') != ''"),
  doubled("[1, 2]", "sets.contains(x, x)"),
  doubled("[1, 2]", "x == x"),
  "self.replace('', self).size() > 0",
  "self.all(a, self.all(b, self.all(c, a + b + c != '')))",
];

for (const source of GREEDY) {
  test(`${source.replaceAll("cel.bind(x, x + x, ", "…")} ends soon`, () => {
    const variables = new Map([["self", DYN]]);
    const program = compileProgram(source, { functions: KUBERNETES_FUNCTIONS, variables });
    assert.ok(!("errors" in program), "errors" in program ? program.errors : "");
    const text = "a".repeat(100_000);
    const self = source.includes("replace") ? text : Array<string>(1000).fill("a");
    const { value, exceeded } = program.evaluate(() => ANYTHING.read(self));
    assert.ok(exceeded || isError(value));
  });
}
