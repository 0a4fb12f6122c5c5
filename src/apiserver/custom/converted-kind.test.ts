import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { defaultLimits } from "../limits.ts";
import { Item } from "../storage/item.ts";
import { KindCache } from "../watch/kind-cache.ts";
import { ConvertedFeed } from "./converted-kind.ts";

const itemOf = (name: string, revision: number) => {
  const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { name, namespace: "default", uid: name } };
  return new Item(`/registry/things/default/${name}`, revision, Buffer.from(JSON.stringify(object)));
};

test("whoever watches hears of every change, however soon it comes behind the one before", async (t) => {
  const store = openMemoryStore();
  const scope = new Scope();
  t.after(async () => {
    await scope.close();
    await store.close();
  });
  const source = new KindCache({
    prefix: "/registry/things/",
    indexedValue: undefined,
    limits: defaultLimits,
  });
  let revision = 1;
  const { cache } = new ConvertedFeed({
    resource: ConfigMap,
    storedResource: ConfigMap,
    source,
    converter: { convert: () => Promise.reject(new Error("nothing is to be converted")) },
    clock: new VirtualClock(),
    scope,
    store,
    limits: defaultLimits,
    groupResource: { group: "", plural: "configmaps" },
    feed: {
      get revision() {
        return revision;
      },
      reach: () => undefined,
      expect: () => () => undefined,
      stored: () => assert.fail("nothing is stored"),
    },
  });
  for (let ticks = 0; ticks < 12; ticks++) {
    for (const part of ["a", "b"]) {
      const item = itemOf(`${part}-${ticks}`, ++revision);
      source.apply(item, item, revision);
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(cache.size, source.size, `${ticks} microtasks apart`);
  }
});
