import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { Item } from "../storage/item.ts";
import { Messages } from "./messages.ts";

const item = (): Item => new Item("/a", 1, Buffer.from('{"metadata":{"uid":"u"}}'));

function started() {
  const clock = new VirtualClock();
  const messages = new Messages(clock);
  let encoded = 0;
  const ask = (of: Item, bytes = 10) =>
    messages.of(of, () => {
      encoded++;
      return new Uint8Array(bytes);
    });
  return { clock, messages, ask, encoded: () => encoded };
}

test("a message is made once, and kept as long as it is asked for", async () => {
  const { clock, ask, encoded } = started();
  const one = item();
  const made = ask(one);
  for (let time = 0; time < 5; time++) {
    await clock.advance(25_000);
    assert.equal(ask(one), made);
  }
  assert.equal(encoded(), 1);
  await clock.advance(60_000);
  ask(one);
  assert.equal(encoded(), 2);
});

test("where there is no room, what was asked for last is kept", () => {
  const { ask, encoded } = started();
  const bytes = 2 ** 20;
  const items = Array.from({ length: 100 }, item);
  for (const one of items) ask(one, bytes);
  assert.equal(encoded(), 100);
  for (const one of items.slice(-16)) ask(one, bytes);
  assert.equal(encoded(), 100);
  ask(items[0]!, bytes);
  assert.equal(encoded(), 101);
});

test("once it is closed, nothing is left and no timer runs", async () => {
  const { clock, messages, ask, encoded } = started();
  const one = item();
  ask(one);
  messages.close();
  assert.equal(clock.nextDue(), undefined);
  ask(one);
  assert.equal(encoded(), 2);
  messages.close();
});
