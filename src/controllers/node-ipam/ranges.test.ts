import assert from "node:assert/strict";
import { test } from "node:test";
import { RangeAllocator } from "./ranges.ts";

test("each part is given once, and reused as late as possible", () => {
  const ranges = new RangeAllocator({ cidr: "10.244.0.0/22", nodePrefix: 24 });
  assert.ok(ranges.occupy("10.244.1.0/24"));
  assert.ok(!ranges.occupy("10.1.0.0/24"));
  assert.deepEqual([ranges.take(), ranges.take()], ["10.244.0.0/24", "10.244.2.0/24"]);
  ranges.release("10.244.0.0/24");
  assert.deepEqual(
    [ranges.take(), ranges.take(), ranges.take()],
    ["10.244.3.0/24", "10.244.0.0/24", undefined],
  );
});

test("the same for IPv6", () => {
  const ranges = new RangeAllocator({ cidr: "fd00:10::/56", nodePrefix: 64 });
  assert.deepEqual([ranges.take(), ranges.take()], ["fd00:10::/64", "fd00:10:0:1::/64"]);
});
