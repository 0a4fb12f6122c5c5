import assert from "node:assert/strict";
import { test } from "node:test";
import { FeatureGates, LockedGate, UnknownGate } from "./gates.ts";

test("gates are at their defaults unless said otherwise", () => {
  const gates = new FeatureGates({ APIResponseCompression: false, CBORServingAndStorage: true });
  assert.equal(gates.enabled("APIResponseCompression"), false);
  assert.equal(gates.enabled("CBORServingAndStorage"), true);
  assert.equal(gates.enabled("BtreeWatchCache"), true);
  assert.equal(gates.enabled("NoSuchGate"), false);
});

test("unknown and locked gates are refused", () => {
  assert.throws(() => new FeatureGates({ NoSuchGate: true }), UnknownGate);
  assert.throws(() => new FeatureGates({ BtreeWatchCache: false }), LockedGate);
});
