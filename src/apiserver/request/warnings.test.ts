import assert from "node:assert/strict";
import { test } from "node:test";
import { warningHeaders } from "./warnings.ts";

test("each warning is a header of its own", () => {
  assert.deepEqual(warningHeaders(['say "a\\b"', "plain"]), [
    String.raw`299 - "say \"a\\b\""`,
    '299 - "plain"',
  ]);
});

test("warnings hold any character as UTF-8, and none that controls", () => {
  const [header] = warningHeaders(["grün", "new\nline", "\u007f", "\ud800", ""]);
  assert.equal(Buffer.from(header!, "latin1").toString(), '299 - "grün"');
  assert.equal(warningHeaders(["new\nline", "\u007f", "\ud800", ""]).length, 0);
});

test("one long warning stays as it is, too many are cut and end", () => {
  assert.equal(warningHeaders(["w".repeat(4096)])[0]!.length, 4096 + '299 - ""'.length);
  const many = Array.from({ length: 30 }, (_, index) => `${index} `.padEnd(300, "w"));
  const headers = warningHeaders(many);
  assert.equal(headers.length, 4096 / 256);
  for (const header of headers) assert.equal(header.length, 256 + '299 - ""'.length);
});
