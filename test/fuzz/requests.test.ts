/** Whatever is sent to the API server: it lives, it answers as Kubernetes does, and nothing is lost. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { attack } from "./attack.ts";

const COUNT = 3000;

it("odd and malformed requests harm nothing", async () => {
  const { findings, codes } = await attack(Array.from({ length: COUNT }, (_, index) => 1 + index));
  assert.deepEqual(findings, []);
  // A generator that gets nothing through tests nothing.
  for (const code of [200, 201, 400, 403, 404, 405, 409, 415, 422]) {
    assert.ok((codes[code] ?? 0) > 10, `${code} was answered ${codes[code] ?? 0} times`);
  }
});
