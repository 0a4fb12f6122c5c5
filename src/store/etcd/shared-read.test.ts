import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SharedRead } from "./shared-read.ts";

/** Reads that end when the test says so, and tell which one they are. */
function bench() {
  const begun: PromiseWithResolvers<number>[] = [];
  const shared = new SharedRead(() => {
    const read = Promise.withResolvers<number>();
    begun.push(read);
    return read.promise;
  });
  return { shared, begun };
}

describe("a shared read", () => {
  it("answers nobody with a read that was under way when they asked", async () => {
    const { shared, begun } = bench();
    const first = shared.read();
    const late = [shared.read(), shared.read()];
    assert.equal(begun.length, 1);
    begun[0]!.resolve(1);
    assert.equal(await first, 1);
    await Promise.resolve();
    assert.equal(begun.length, 2);
    begun[1]!.resolve(2);
    assert.deepEqual(await Promise.all(late), [2, 2]);
    assert.equal(begun.length, 2);
  });

  it("goes on after one that failed", async () => {
    const { shared, begun } = bench();
    const first = shared.read();
    const second = shared.read();
    begun[0]!.reject(new Error("gone"));
    await assert.rejects(first, /gone/);
    await new Promise((resolve) => setImmediate(resolve));
    begun[1]!.resolve(2);
    assert.equal(await second, 2);
    const third = shared.read();
    begun[2]!.resolve(3);
    assert.equal(await third, 3);
  });
});
