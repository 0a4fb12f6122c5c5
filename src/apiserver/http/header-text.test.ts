import assert from "node:assert/strict";
import { test } from "node:test";
import { headerText, headerValue } from "./header-text.ts";

test("texts come through headers, byte by byte", () => {
  for (const text of ["", "ann", "Zoë", "日本", "a\tb"]) assert.equal(headerText(headerValue(text)), text);
  assert.equal(headerValue("é"), "\u00c3\u00a9");
  // What is no UTF-8, or was never bytes.
  assert.equal(headerText("\u00e9"), "\u00e9");
  assert.equal(headerText("日本"), "日本");
});
