import assert from "node:assert/strict";
import { test } from "node:test";
import { lines } from "./lines.ts";

async function linesOf(...chunks: string[]): Promise<string[]> {
  const source = async function* () {
    for (const chunk of chunks) yield new TextEncoder().encode(chunk);
  };
  return Array.fromAsync(lines(source()));
}

test("lines come whole, however they were cut", async () => {
  assert.deepEqual(await linesOf("a\nb", "c", "d\n", "\ne"), ["a", "bcd", "", "e"]);
  assert.deepEqual(await linesOf("a\n"), ["a"]);
  assert.deepEqual(await linesOf(), []);
});

test("a character cut in two is put together", async () => {
  const bytes = new TextEncoder().encode("ä\n");
  const source = async function* () {
    yield bytes.subarray(0, 1);
    yield bytes.subarray(1);
  };
  assert.deepEqual(await Array.fromAsync(lines(source())), ["ä"]);
});

test("a line without end is refused", async () => {
  const source = async function* () {
    for (;;) yield new Uint8Array(1_000).fill(120);
  };
  await assert.rejects(Array.fromAsync(lines(source(), { bytesMax: 10_000 })), RangeError);
});
