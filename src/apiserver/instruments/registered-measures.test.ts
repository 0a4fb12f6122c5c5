import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import type { Measure } from "#base/measures";
import { RegisteredMeasures } from "./registered-measures.ts";

const caught: Measure = { type: "counter", name: "fish_caught_total", help: "Fish." };
const weight: Measure = { type: "histogram", name: "fish_weight", help: "Kilograms.", bounds: [1, 10] };

const linesOf = async (registry: Registry): Promise<string[]> =>
  (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("meters of the same labels are one line", async () => {
  const registry = new Registry();
  const measures = new RegisteredMeasures(registry);
  measures.meter(caught, { kind: "eel" }).add(1);
  measures.meter(caught, { kind: "eel" }).add(2);
  measures.meter(caught, { kind: "cod" }).add(1);
  measures.meter(weight).add(5);
  assert.deepEqual(await linesOf(registry), [
    'fish_caught_total{kind="eel"} 3',
    'fish_caught_total{kind="cod"} 1',
    'fish_weight_bucket{le="1"} 0',
    'fish_weight_bucket{le="10"} 1',
    'fish_weight_bucket{le="+Inf"} 1',
    "fish_weight_sum 5",
    "fish_weight_count 1",
  ]);
});

test("a gauge shows what all who watch it say, until they stop", async () => {
  const registry = new Registry();
  const measures = new RegisteredMeasures(registry);
  const gauge = { name: "ponds", help: "Ponds." };
  const say = (side: string) => measures.watch(gauge, () => [{ labels: { side }, value: 1 }]);
  const stop = say("left");
  say("right");
  assert.deepEqual(await linesOf(registry), ['ponds{side="left"} 1', 'ponds{side="right"} 1']);
  stop();
  assert.deepEqual(await linesOf(registry), ['ponds{side="right"} 1']);
});

test("of two who say the same of a gauge the later one counts", async () => {
  const registry = new Registry();
  const measures = new RegisteredMeasures(registry);
  const gauge = { name: "ponds", help: "Ponds." };
  const say = (value: number) => measures.watch(gauge, () => [{ labels: { side: "left" }, value }]);
  const stop = say(1);
  say(2);
  assert.deepEqual(await linesOf(registry), ['ponds{side="left"} 2']);
  stop();
  assert.deepEqual(await linesOf(registry), ['ponds{side="left"} 2']);
});
