import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { Heartbeats } from "./heartbeats.ts";

test("every name beats once a period, spread over it, until it is removed", async () => {
  const clock = new VirtualClock();
  const beats: { readonly name: string; readonly atMs: number }[] = [];
  const heartbeats = new Heartbeats({
    clock,
    random: seededRandom(1),
    periodMs: 10_000,
    beat: (name) => void beats.push({ name, atMs: clock.monotonic() }),
  });
  const names = Array.from({ length: 500 }, (_, index) => `node-${index}`);
  for (const name of names) heartbeats.add(name);
  await clock.advance(30_000);
  for (const name of names) {
    const times = beats.filter((beat) => beat.name === name).map(({ atMs }) => atMs);
    assert.equal(times.length, 3, name);
    assert.ok(times[1]! - times[0]! >= 9_900 && times[1]! - times[0]! <= 10_100);
  }
  const inFirstSecond = beats.filter(({ atMs }) => atMs < 1_000).length;
  assert.ok(inFirstSecond > 20 && inFirstSecond < 100, `${inFirstSecond} of 500 in the first tenth`);

  heartbeats.remove("node-7");
  const before = beats.filter(({ name }) => name === "node-7").length;
  await clock.advance(20_000);
  assert.equal(beats.filter(({ name }) => name === "node-7").length, before);
  heartbeats.add("node-7");
  await clock.advance(10_000);
  assert.equal(beats.filter(({ name }) => name === "node-7").length, before + 1);
  heartbeats.close();
});
