import assert from "node:assert/strict";
import { test } from "node:test";
import { Item } from "../storage/item.ts";
import { OrderedItems } from "./ordered-items.ts";

const item = (key: string, text: string) =>
  new Item(key, 1, Buffer.from(JSON.stringify({ metadata: { name: text } })));

test("items know how many bytes they are", () => {
  const items = new OrderedItems();
  const sum = () => items.all().reduce((bytes, { stored }) => bytes + stored.length, 0);
  items.load([item("/a", "one"), item("/c", "three")]);
  assert.equal(items.bytes, sum());
  items.put(item("/b", "in between"));
  items.put(item("/a", "longer than before"));
  assert.equal(items.bytes, sum());
  for (const key of ["/c", "/none", "/a", "/b"]) items.delete(key);
  assert.equal(items.bytes, 0);
  items.load([item("/d", "anew")]);
  assert.equal(items.bytes, sum());
});
