import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentObjects } from "./recent-objects.ts";

test("what is noted again stays, and what is not goes after two turns", () => {
  const recent = new RecentObjects();
  const [used, unused] = [{}, {}];
  recent.note(used);
  recent.note(unused);
  recent.next();
  recent.note(used);
  assert.equal(recent.size, 2);
  recent.next();
  assert.equal(recent.size, 1);
  recent.next();
  assert.equal(recent.size, 0);
});

test("what was replaced is not held, in whichever turn it was noted", () => {
  const recent = new RecentObjects();
  const [early, late] = [{}, {}];
  recent.note(early);
  recent.next();
  recent.note(late);
  recent.drop(early);
  recent.drop(late);
  assert.equal(recent.size, 0);
});

test("many objects do not wait for the clock", () => {
  const recent = new RecentObjects();
  const { turn } = recent;
  for (let count = 0; count < 100_000; count++) recent.note({});
  assert.ok(recent.turn > turn);
  assert.ok(recent.size < 10_000);
});
