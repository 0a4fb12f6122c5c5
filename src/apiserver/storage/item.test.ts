import assert from "node:assert/strict";
import { test } from "node:test";
import { Item, encodeStored } from "./item.ts";
import { RecentObjects } from "./recent-objects.ts";

const managedFields = [{ manager: "me", operation: "Update", apiVersion: "v1", fieldsV1: { "f:data": {} } }];
const meta = { name: "a", namespace: "ns", uid: "u", resourceVersion: "", creationTimestamp: "t" };
const stored = encodeStored({
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { ...meta, managedFields },
  data: { text: 'with "quotes" and ünïcode' },
} as never);
const lean = {
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { ...meta, resourceVersion: "7" },
  data: { text: 'with "quotes" and ünïcode' },
};

test("an object is the same however it is asked for, and whether or not it was parsed before", () => {
  for (const before of [
    () => undefined,
    (item: Item) => item.object,
    (item: Item) => item.open(),
    (item: Item) => item.glance(),
  ]) {
    const item = new Item("/registry/configmaps/ns/a", 7, stored);
    before(item);
    assert.deepEqual(item.open(), lean);
    assert.deepEqual(item.glance(), lean);
    assert.deepEqual(item.object, { ...lean, metadata: { ...lean.metadata, managedFields } });
  }
});

test("who opens an object shares it with all who do, and it is noted once a turn", () => {
  const recent = new RecentObjects();
  const item = new Item("/registry/configmaps/ns/a", 7, stored);
  item.joins(recent);
  item.glance();
  assert.equal(recent.size, 0);
  const object = item.open();
  assert.equal(item.open(), object);
  assert.equal(item.glance(), object);
  assert.equal(recent.size, 1);
  recent.next();
  item.open();
  recent.next();
  assert.equal(recent.size, 1);
});

test("a state that another one has replaced is not held", () => {
  const recent = new RecentObjects();
  const item = new Item("/registry/configmaps/ns/a", 7, stored);
  item.joins(recent);
  item.open();
  item.replaced();
  assert.equal(recent.size, 0);
  assert.deepEqual(item.open(), lean);
  assert.equal(recent.size, 0);
});
