import assert from "node:assert/strict";
import { test } from "node:test";
import { Regexp } from "./regexp.ts";

const CASES: readonly (readonly [pattern: string, text: string, matches: readonly string[]])[] = [
  ["a", "banana", ["a", "a", "a"]],
  ["^a", "banana", []],
  ["a$", "banana", ["a"]],
  ["a+?", "aaa", ["a", "a", "a"]],
  ["a*", "baac", ["", "aa", ""]],
  ["a|ab", "ab", ["a"]],
  ["(?:a|ab)(?:c|bcd)", "abcd", ["abcd"]],
  ["[0-9]{2,3}", "1 22 333 4444", ["22", "333", "444"]],
  ["[^a-c]+", "abcdef", ["def"]],
  ["(?i)abc", "xABCx", ["ABC"]],
  ["(?m)^b$", "a\nb\nc", ["b"]],
  ["(?s)a.b", "a\nb", ["a\nb"]],
  ["a.b", "a\nb", []],
  ["\\bcat\\b", "a cat, a catalog", ["cat"]],
  ["\\p{Greek}+", "abc αβγ", ["αβγ"]],
  ["[[:alpha:]]+", "12ab34", ["ab"]],
  ["\\x41\\x{1F601}", "A😁", ["A😁"]],
  [".", "😁", ["😁"]],
  ["\\Qa.b\\E", "a.b axb", ["a.b"]],
  ["x{0}y", "y", ["y"]],
  ["[]a]", "]", ["]"]],
  ["(?P<name>a)b", "ab", ["ab"]],
  ["", "ab", ["", "", ""]],
];

for (const [pattern, text, matches] of CASES) {
  test(`${pattern} finds ${JSON.stringify(matches)} in ${JSON.stringify(text)}`, () => {
    const regexp = new Regexp(pattern);
    assert.deepEqual(regexp.findAll(text), matches);
    assert.equal(regexp.test(text), matches.length > 0);
  });
}

test("patterns that need backtracking or are broken are refused", () => {
  for (const pattern of [
    "(a",
    "a)",
    "[a",
    "*a",
    "a**",
    "(?=a)",
    "(?<!a)b",
    "\\1",
    "a{1001}",
    "\\",
    "[b-a]",
    "\\pX",
  ])
    assert.throws(() => new Regexp(pattern), /^PatternError: error parsing regexp: /, pattern);
});

test("nested repetitions do not blow up", () => {
  const text = `${"a".repeat(50_000)}!`;
  assert.equal(new Regexp("^(a+)+$").test(text), false);
  assert.equal(new Regexp("(a*)*b").test(text), false);
  assert.equal(new Regexp("^(a?){50}a{50}$").test("a".repeat(50)), true);
  assert.equal(new Regexp("(x+x+)+y").find("x".repeat(2000)), undefined);
});
