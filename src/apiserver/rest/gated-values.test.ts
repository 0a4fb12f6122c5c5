import assert from "node:assert/strict";
import { test } from "node:test";
import { startHarness } from "../harness.ts";

const PODS = "/api/v1/namespaces/default/pods";
const GATE = "TaintTolerationComparisonOperators";

const pod = (operator: string) => ({
  metadata: { name: "p" },
  spec: { containers: [{ name: "c", image: "i" }], tolerations: [{ key: "k", operator, value: "5" }] },
});

test("a value that is behind a gate is refused while it is off, and stays where it is used", async (t) => {
  const on = await startHarness(t, { gates: { [GATE]: true } });
  assert.equal((await on.ask("POST", PODS, pod("Lt"))).status, 201);
  const off = await startHarness(t, { store: on.store });
  const kept = await off.ask("PATCH", `${PODS}/p`, { metadata: { labels: { a: "b" } } });
  assert.equal(kept.status, 200);
  await off.ask("DELETE", `${PODS}/p?gracePeriodSeconds=0`);
  const refused = await off.ask("POST", PODS, pod("Lt"));
  assert.equal(refused.status, 422);
  assert.equal(
    refused.json.message,
    'Pod "p" is invalid: spec.tolerations[0].operator: Unsupported value: "Lt": supported values: "Equal", "Exists"',
  );
  assert.equal((await off.ask("POST", PODS, pod("Equal"))).status, 201);
});
