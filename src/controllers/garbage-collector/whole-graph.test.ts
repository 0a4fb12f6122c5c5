import assert from "node:assert/strict";
import { test } from "node:test";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ConfigMap } from "#api/core-v1/configmap";
import { Secret } from "#api/core-v1/secret";
import { customKind } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import { start, startSlowly } from "../harness.test.ts";
import { garbageCollector } from "./garbage-collector.ts";

const definition = {
  metadata: { name: "widgets.shop.example.com" },
  spec: {
    group: "shop.example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

const owned = (owner: AnyObject, kind: string, name = owner.metadata.name) => [
  { apiVersion: "v1", kind, name, uid: owner.metadata.uid },
];

test("an owner that leaves orphans is not let go before those of custom kinds are known", async (t) => {
  const house = await start(t);
  const { client, informers, until, settled } = house;
  await client.create(CustomResourceDefinition, definition as never);
  const definitions = informers.of(CustomResourceDefinition);
  const found = () => [...definitions.list()].map(customKind).find((kind) => kind !== undefined);
  await until("the kind is established", () => found() !== undefined);
  const Widget = found() as Resource<AnyObject>;
  await settled();
  const at = { namespace: "web" };
  const owner = await client.create(ConfigMap, { metadata: { ...at, name: "owner" } });
  const metadata = { ...at, name: "orphan", ownerReferences: owned(owner, "ConfigMap") };
  await client.create(Widget, { metadata } as never);
  await client.delete(ConfigMap, { ...at, name: "owner" }, { propagationPolicy: "Orphan" });
  const maps = informers.of(ConfigMap);

  const { letGo } = startSlowly(t, house, "widgets", garbageCollector);
  await settled();
  assert.ok(await client.find(ConfigMap, { ...at, name: "owner" }));
  letGo();
  await until("the owner is gone", () => maps.get("web", "owner") === undefined);
  await settled();
  const left = await client.get(Widget, { ...at, name: "orphan" });
  assert.equal(left.metadata.ownerReferences, undefined);
});

test("who names an owner wrongly does not take it from those that name it rightly", async (t) => {
  const house = await start(t);
  const { client, informers, until, settled } = house;
  const maps = informers.of(ConfigMap);
  const { letGo } = startSlowly(t, house, "secrets", garbageCollector);
  await settled();
  const owner = await client.create(Secret, { metadata: { namespace: "web", name: "owner" } });
  for (const [name, says] of [
    ["wrong", "other"],
    ["right", "owner"],
  ] as const) {
    const ownerReferences = owned(owner, "Secret", says);
    await client.create(ConfigMap, { metadata: { namespace: "web", name, ownerReferences } });
  }
  await settled();
  letGo();
  await until("the one that is wrong is gone", () => maps.get("web", "wrong") === undefined);
  await settled();
  assert.ok(await client.find(ConfigMap, { namespace: "web", name: "right" }));
});

for (const plural of ["configmaps", "secrets"])
  test(`nobody is taken for an orphan while ${plural} are not all known`, async (t) => {
    const house = await start(t);
    const { client, settled } = house;
    const at = { namespace: "web" };
    for (let count = 0; count < 30; count++) {
      const owner = await client.create(ConfigMap, { metadata: { ...at, name: `owner-${count}` } });
      const ownerReferences = owned(owner, "ConfigMap");
      await client.create(Secret, { metadata: { ...at, name: `owned-${count}`, ownerReferences } });
    }
    const { letGo } = startSlowly(t, house, plural, garbageCollector);
    await settled();
    letGo();
    await settled();
    const left = [await client.list(Secret, at), await client.list(ConfigMap, at)];
    assert.deepEqual(
      left.map(({ items }) => items.length),
      [30, 30],
    );
  });
