import { execFileSync } from "node:child_process";
import { test } from "node:test";
import assert from "node:assert/strict";

// In a process of its own: how much this one has on its heap depends on the tests before.
const PROGRAM = `
  import { Scope } from "#base/scope";
  import { giveBackMemoryOfStart } from "#base/node/spare-memory";
  let settled;
  const clock = { now: () => 0, monotonic: () => 0, after: (_, callback) => ((settled = callback), () => {}) };
  giveBackMemoryOfStart(clock, new Scope());
  const left = new WeakRef({});
  // What a WeakRef has shown stays until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  const before = left.deref() !== undefined;
  await new Promise((resolve) => setImmediate(resolve));
  settled();
  console.log(JSON.stringify({ before, after: left.deref() !== undefined, gc: typeof globalThis.gc }));
`;

test("what the start has left is collected once it has settled, and nobody else gets the means to", () => {
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", PROGRAM], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), { before: true, after: false, gc: "undefined" });
});
