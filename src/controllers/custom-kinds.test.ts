import assert from "node:assert/strict";
import { test } from "node:test";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { customKind } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import { garbageCollector } from "./garbage-collector/garbage-collector.ts";
import { inScope, usageOf } from "#apiserver/admission/quota/usage";
import { start } from "./harness.test.ts";
import { namespaces } from "./namespace/namespace.ts";
import { resourceQuotas } from "./resource-quota/resource-quota.ts";

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

test("custom objects own others also when their definition has moved on to another version", async (t) => {
  const { client, informers, until, settled } = await start(t, garbageCollector);
  const maps = informers.of(ConfigMap);
  const definitions = informers.of(CustomResourceDefinition);
  const [version] = definition.spec.versions;
  const versioned = (...versions: object[]) => ({ ...definition.spec, versions });
  const old = { ...version, name: "v1alpha1" };
  const made = await client.create(CustomResourceDefinition, {
    ...definition,
    spec: versioned(old, { ...version, storage: false }),
  } as never);
  const found = (apiVersion: string) => () =>
    [...definitions.list()].map(customKind).some((kind) => kind?.apiVersion === apiVersion);
  await until("the old version is served", found("shop.example.com/v1alpha1"));
  const Old = customKind(definitions.get(undefined, made.metadata.name)!) as Resource<AnyObject>;
  const at = { namespace: "web" };
  const ownerOf = (owner: AnyObject) => [
    { apiVersion: "shop.example.com/v1", kind: "Widget", name: owner.metadata.name, uid: owner.metadata.uid },
  ];
  const own = async (owner: AnyObject) => {
    const { name } = owner.metadata;
    await client.create(ConfigMap, { metadata: { ...at, name, ownerReferences: ownerOf(owner) } });
  };
  await own(await client.create(Old, { metadata: { ...at, name: "old" } } as never));
  await settled();
  await client.mergePatch(CustomResourceDefinition, made.metadata, {
    spec: versioned({ ...old, served: false, storage: false }, version!),
  } as never);
  await until("the new version is stored", found("shop.example.com/v1"));
  const Widget = customKind(definitions.get(undefined, made.metadata.name)!) as Resource<AnyObject>;
  await settled();
  await own(await client.create(Widget, { metadata: { ...at, name: "new" } } as never));
  await settled();
  assert.ok(await client.find(ConfigMap, { ...at, name: "new" }), "it has an owner");
  for (const name of ["old", "new"]) {
    await client.delete(Widget, { ...at, name });
    await until(`what ${name} owned is gone`, () => maps.get("web", name) === undefined);
  }
});

test("a quota counts custom objects as they come and go", async (t) => {
  const { client, informers, until } = await start(t, resourceQuotas({ usageOf, inScope }));
  const quotas = informers.of(ResourceQuota);
  const definitions = informers.of(CustomResourceDefinition);
  const at = { namespace: "web" };
  const used = () => quotas.get("web", "widgets")?.status?.used?.["count/widgets.shop.example.com"];
  await client.create(ResourceQuota, {
    metadata: { ...at, name: "widgets" },
    spec: { hard: { "count/widgets.shop.example.com": "5" } },
  });
  await until("nothing of an unknown kind is there", () => used() === "0");
  const made = await client.create(CustomResourceDefinition, definition as never);
  const found = () => [...definitions.list()].map(customKind).find((kind) => kind !== undefined);
  await until("the kind is established", () => found() !== undefined);
  const Widget = found() as Resource<AnyObject>;
  for (const name of ["a", "b"]) await client.create(Widget, { metadata: { ...at, name } } as never);
  await until("both are counted", () => used() === "2");
  await client.delete(Widget, { ...at, name: "a" });
  await until("what is gone is given back", () => used() === "1");
  await client.delete(CustomResourceDefinition, made.metadata);
  await until("the kind goes with its objects", () => used() === "0");
});
