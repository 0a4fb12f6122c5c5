import assert from "node:assert/strict";
import { test } from "node:test";
import { EventCorrelator, type Occurrence } from "./event-correlator.ts";

const object = { kind: "Pod", name: "a", namespace: "ns", uid: "1", apiVersion: "v1" };
const pull = (message: string): Occurrence => ({ object, type: "Warning", reason: "Failed", message });

test("the same again is counted", () => {
  const correlator = new EventCorrelator();
  const first = correlator.judge(pull("no such image"), 0);
  assert.ok(first.do === "create");
  correlator.created(first.key, "a.1");
  const second = correlator.judge(pull("no such image"), 1_000);
  assert.deepEqual(second, {
    do: "count",
    key: first.key,
    message: "no such image",
    count: 2,
    name: "a.1",
  });
});

test("the tenth similar one is combined, the twenty-sixth is held back", () => {
  const correlator = new EventCorrelator();
  const verdicts = Array.from({ length: 27 }, (_, index) => {
    const verdict = correlator.judge(pull(`try ${index}`), index);
    if (verdict.do === "create") correlator.created(verdict.key, `a.${index}`);
    return verdict;
  });
  assert.equal(verdicts.filter((verdict) => verdict.do === "create").length, 10);
  const tenth = verdicts[9]!;
  assert.ok(tenth.do === "create");
  assert.equal(tenth.message, "(combined from similar events): try 9");
  assert.equal(verdicts.filter((verdict) => verdict.do === "count").length, 15);
  assert.equal(verdicts.filter((verdict) => verdict.do === "drop").length, 2);
});
