import assert from "node:assert/strict";
import { test } from "node:test";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { customKind } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import { garbageCollector } from "./garbage-collector/garbage-collector.ts";
import { start } from "./harness.test.ts";
import { namespaces } from "./namespace/namespace.ts";

const definition = {
  metadata: { name: "widgets.shop.example.com" },
  spec: {
    group: "shop.example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        },
      },
    ],
  },
};

test("custom objects own, are owned, and go with their namespace", async (t) => {
  const { client, informers, until, settled } = await start(t, garbageCollector, namespaces);
  const definitions = informers.of(CustomResourceDefinition);
  const maps = informers.of(ConfigMap);
  const all = informers.of(Namespace);
  await client.create(CustomResourceDefinition, definition as never);
  const found = () => [...definitions.list()].map(customKind).find((kind) => kind !== undefined);
  await until("the kind is established", () => found() !== undefined);
  const Widget = found() as Resource<AnyObject>;
  await settled();

  const at = { namespace: "web" };
  const owner = await client.create(Widget, { metadata: { ...at, name: "owner" }, spec: { a: 1 } } as never);
  const { uid } = owner.metadata;
  const ownerReferences = [{ apiVersion: "shop.example.com/v1", kind: "Widget", name: "owner", uid }];
  await client.create(ConfigMap, { metadata: { ...at, name: "owned", ownerReferences } });
  await client.create(Widget, { metadata: { ...at, name: "owned", ownerReferences } } as never);
  await client.create(Widget, { metadata: { ...at, name: "free" } } as never);
  await client.delete(Widget, { ...at, name: "owner" });
  await until("the dependents are gone", () => maps.get("web", "owned") === undefined);
  await settled();
  const left = await client.list(Widget, at);
  assert.deepEqual(
    left.items.map(({ metadata }) => metadata.name),
    ["free"],
  );
  await client.delete(Namespace, { name: "web" });
  await until("the namespace is gone", () => all.get(undefined, "web") === undefined);
  assert.deepEqual((await client.list(Widget, at)).items, []);
});
