import { execFileSync } from "node:child_process";
import { test } from "node:test";
import assert from "node:assert/strict";

// In a process of its own: how much this one has on its heap depends on the tests before.
const START = `
  import { Scope } from "#base/scope";
  import { giveBackMemoryOfStart } from "#base/node/spare-memory";
  const waiting = [];
  const clock = { now: () => 0, monotonic: () => 0, after: (_, callback) => (waiting.push(callback), () => {}) };
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  const look = () => waiting.shift()();
  const cpuMs = () => process.cpuUsage().user / 1000;
  const beBusy = (ms) => { for (const began = cpuMs(); cpuMs() - began < ms; ); };
`;

const run = (program: string): unknown => {
  const args = ["--input-type=module", "-e", START + program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 }));
};

test("what the start has left is collected once the process rests, and nobody else gets the means to", () => {
  const output = run(`
    giveBackMemoryOfStart(clock, new Scope());
    const left = new WeakRef({});
    // What a WeakRef has shown stays until the turn ends.
    await nextTurn();
    look();
    const first = left.deref() !== undefined;
    await nextTurn();
    beBusy(500);
    look();
    const busy = left.deref() !== undefined;
    await nextTurn();
    look();
    console.log(JSON.stringify({ first, busy, resting: left.deref() !== undefined, waiting: waiting.length, gc: typeof globalThis.gc }));
  `);
  assert.deepEqual(output, { first: true, busy: true, resting: false, waiting: 0, gc: "undefined" });
});
