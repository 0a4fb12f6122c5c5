import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ConfigMap } from "#api/core-v1/configmap";
import { Secret } from "#api/core-v1/secret";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { Client } from "#client/client";
import { customKind } from "#client/kinds";
import type { Transport, Watch, WatchEvent } from "#client/transport";
import type { AnyObject, Resource } from "#machinery/schema";
import { runControllers } from "#reconciler/run";
import { type House, start } from "../harness.test.ts";
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

/** A transport whose watches of one kind tell nothing until they are let go. */
function slow(inner: Transport, plural: string): { readonly transport: Transport; letGo(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* watch<T extends AnyObject>(
    about: Watch<T>,
    options: { readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    for await (const event of inner.watch(about, options)) {
      if (about.resource.plural === plural) await promise;
      yield event;
    }
  }
  const transport: Transport = {
    sharesObjects: inner.sharesObjects,
    call: (call, options) => inner.call(call, options),
    list: (scope, options) => inner.list(scope, options),
    raw: (request, options) => inner.raw(request, options),
    watch,
  } as Transport;
  return { transport, letGo: resolve };
}

/** Starts a collector that is slow to see one kind. */
function collect(t: TestContext, { client, clock }: House, slowly: string): { letGo(): void } {
  const scope = new Scope();
  const { transport, letGo } = slow(client.transport, slowly);
  t.after(async () => {
    letGo();
    await scope.close();
  });
  const options = { client: new Client(transport), clock, random: seededRandom(2), scope };
  void runControllers({ ...options, controllers: [garbageCollector] });
  return { letGo };
}

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

  const { letGo } = collect(t, house, "widgets");
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
  const { letGo } = collect(t, house, "secrets");
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
