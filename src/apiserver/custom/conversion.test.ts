import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { customKind } from "#client/kinds";
import { type Json, startHarness } from "../harness.ts";
import { selfSigned } from "../listening-harness.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** The old version has host and port in one text. */
function converted(object: Json, apiVersion: string): Json {
  if (object.apiVersion === apiVersion) return object;
  const { address, host, port, ...rest } = object.spec;
  const spec = apiVersion.endsWith("/v1")
    ? { ...rest, host: address.split(":")[0], port: Number(address.split(":")[1]) }
    : { ...rest, address: `${host}:${port}` };
  return { ...object, apiVersion, spec };
}

/** A webhook on this machine. */
async function webhook(t: TestContext) {
  const { certificate: cert, key } = await selfSigned();
  const state = { asked: 0, broken: false, lie: undefined as unknown };
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      state.asked++;
      const { request, ...review } = JSON.parse(Buffer.concat(chunks).toString()) as Json;
      const convertedObjects = request.objects.map((one: Json) => {
        const made = converted(one, request.desiredAPIVersion);
        if (state.lie === undefined) return made;
        const { metadata, ...rest } = (state.lie ?? {}) as Json;
        const uid = made.metadata.uid;
        const meta = typeof metadata === "object" ? { uid, ...metadata } : metadata;
        return state.lie === null ? null : { ...made, ...rest, metadata: meta };
      });
      const response = state.broken
        ? { uid: request.uid, convertedObjects: [], result: { status: "Failed", message: "out of order" } }
        : { uid: request.uid, convertedObjects, result: { status: "Success" } };
      outgoing.end(JSON.stringify({ ...review, response }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const clientConfig = {
    url: `https://127.0.0.1:${port}/convert`,
    caBundle: Buffer.from(cert).toString("base64"),
  };
  return { state, clientConfig };
}

const version = (name: string, properties: object) => ({
  name,
  served: true,
  storage: name === "v1",
  schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } },
});

const routes = (clientConfig: object) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "routes.net.example.com" },
  spec: {
    group: "net.example.com",
    scope: "Namespaced",
    names: { plural: "routes", kind: "Route" },
    versions: [
      version("v1", { host: { type: "string" }, port: { type: "integer" }, note: { type: "string" } }),
      version("v1beta1", {
        address: { type: "string" },
        note: { type: "string" },
        weight: { type: "integer", default: 1 },
      }),
    ],
    conversion: { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } },
  },
});

const V1 = "/apis/net.example.com/v1/namespaces/default/routes";
const BETA = "/apis/net.example.com/v1beta1/namespaces/default/routes";

test("a webhook makes one version of the other: reads, writes and watches", async (t) => {
  const { state, clientConfig } = await webhook(t);
  const { ask, server } = await startHarness(t);
  await ask("POST", DEFINITIONS, routes(clientConfig));
  while ((await ask("GET", BETA)).status !== 200) await new Promise(setImmediate);
  assert.equal(state.asked, 0);

  const definition = (await ask("GET", `${DEFINITIONS}/routes.net.example.com`)).json;
  const resource = { ...customKind(definition)!, apiVersion: "net.example.com/v1beta1", version: "v1beta1" };
  const stop = new AbortController();
  t.after(() => stop.abort());
  const transport = server.transport({ name: "watcher", groups: ["system:masters"] });
  const watched = transport.watch({ resource, resourceVersion: "" }, { signal: stop.signal });
  const events = watched[Symbol.asyncIterator]();

  // Asked for before anything is written: from here on it hears of everything.
  let next = events.next();

  const old = {
    apiVersion: "net.example.com/v1beta1",
    kind: "Route",
    metadata: { name: "a", labels: { x: "y" } },
    spec: { address: "example.com:80" },
  };
  const made = await ask("POST", BETA, old);
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json.spec, { address: "example.com:80", weight: 1 });
  const stored = (await ask("GET", `${V1}/a`)).json;
  assert.deepEqual(
    [stored.apiVersion, stored.spec],
    ["net.example.com/v1", { host: "example.com", port: 80 }],
  );
  assert.equal(stored.metadata.resourceVersion, made.json.metadata.resourceVersion);
  assert.deepEqual(stored.metadata.labels, { x: "y" });

  await ask("POST", V1, { ...stored, metadata: { name: "b" }, spec: { host: "b", port: 1 } });
  const list = (await ask("GET", BETA)).json;
  assert.deepEqual(
    list.items.map((one: Json) => [one.apiVersion, one.spec.address]),
    [
      ["net.example.com/v1beta1", "example.com:80"],
      ["net.example.com/v1beta1", "b:1"],
    ],
  );
  const patched = await ask("PATCH", `${BETA}/b`, { spec: { address: "b:2" } });
  assert.equal(patched.status, 200, patched.text);
  assert.equal((await ask("GET", `${V1}/b`)).json.spec.port, 2);
  const apply = { "content-type": "application/apply-patch+yaml" };
  const applied = await ask("PATCH", `${BETA}/c?fieldManager=me`, { ...old, metadata: { name: "c" } }, apply);
  assert.equal(applied.status, 201, applied.text);
  assert.equal((await ask("DELETE", `${BETA}/c`)).status, 200);

  const seen: string[] = [];
  while (seen.length < 5) {
    const { value } = await next;
    next = events.next();
    if (value?.type !== "BOOKMARK")
      seen.push(`${value.type} ${value.object.apiVersion} ${value.object.metadata.name}`);
  }
  assert.deepEqual(seen, [
    "ADDED net.example.com/v1beta1 a",
    "ADDED net.example.com/v1beta1 b",
    "MODIFIED net.example.com/v1beta1 b",
    "ADDED net.example.com/v1beta1 c",
    "DELETED net.example.com/v1beta1 c",
  ]);
});

test("lists of objects that are stored in several versions are of one", async (t) => {
  const { clientConfig } = await webhook(t);
  const { ask, store } = await startHarness(t);
  await ask("POST", DEFINITIONS, routes(clientConfig));
  while ((await ask("GET", BETA)).status !== 200) await new Promise(setImmediate);
  const route = (version: string, name: string, spec: object) => ({
    apiVersion: `net.example.com/${version}`,
    kind: "Route",
    metadata: { name },
    spec,
  });
  await ask("POST", V1, route("v1", "a", { host: "a", port: 1 }));
  const path = `${DEFINITIONS}/routes.net.example.com`;
  const definition = (await ask("GET", path)).json;
  const versions = definition.spec.versions.map((one: Json) => ({ ...one, storage: !one.storage }));
  const changed = await ask("PUT", path, { ...definition, spec: { ...definition.spec, versions } });
  assert.deepEqual(changed.json.status.storedVersions, ["v1", "v1beta1"]);
  const stored = async (name: string) => {
    const { entry } = await store.get(`/registry/net.example.com/routes/default/${name}`);
    return (JSON.parse(Buffer.from(entry!.value).toString()) as Json).apiVersion as string;
  };
  // Until the change has come through, objects are written as before.
  for (let n = 0; ; n++) {
    await ask("POST", BETA, route("v1beta1", `b${n}`, { address: `b:${n}` }));
    if ((await stored(`b${n}`)) === "net.example.com/v1beta1") break;
  }
  assert.equal(await stored("a"), "net.example.com/v1");
  for (const [list, shown] of [
    [V1, (one: Json) => one.spec.host],
    [BETA, (one: Json) => one.spec.address],
  ] as const) {
    const { items, apiVersion } = (await ask("GET", list)).json;
    assert.ok(items.length >= 2);
    for (const one of items) assert.deepEqual([one.apiVersion, typeof shown(one)], [apiVersion, "string"]);
  }
  // Whoever writes it back as it was read, in any version, moves it to the present one.
  const { json } = await ask("GET", `${V1}/a`);
  const moved = await ask("PUT", `${V1}/a`, json);
  assert.notEqual(moved.json.metadata.resourceVersion, json.metadata.resourceVersion);
  assert.equal(await stored("a"), "net.example.com/v1beta1");
  const again = await ask("PUT", `${V1}/a`, moved.json);
  assert.equal(again.json.metadata.resourceVersion, moved.json.metadata.resourceVersion);
});

test("a webhook that fails is named, and harms no other version", async (t) => {
  const { state, clientConfig } = await webhook(t);
  const { ask } = await startHarness(t);
  await ask("POST", DEFINITIONS, routes(clientConfig));
  while ((await ask("GET", BETA)).status !== 200) await new Promise(setImmediate);
  state.broken = true;
  const made = await ask("POST", V1, {
    apiVersion: "net.example.com/v1",
    kind: "Route",
    metadata: { name: "a" },
    spec: { host: "h", port: 1 },
  });
  assert.equal(made.status, 201);
  const failed = await ask("GET", `${BETA}/a`);
  assert.equal(failed.status, 500);
  assert.equal(
    failed.json.message,
    "conversion webhook for net.example.com/v1, Kind=Route failed: out of order",
  );
  assert.equal((await ask("GET", `${V1}/a`)).status, 200);
  state.broken = false;
  assert.equal((await ask("GET", `${BETA}/a`)).json.spec.address, "h:1");
  state.broken = true;
  await ask("DELETE", `${DEFINITIONS}/routes.net.example.com`);
  while ((await ask("GET", `${DEFINITIONS}/routes.net.example.com`)).status !== 404)
    await new Promise(setImmediate);
});

test("a webhook that nobody answers for is named with its address, a service under its name", async (t) => {
  const { ask } = await startHarness(t);
  const service = { namespace: "default", name: "convert", path: "/all" };
  await ask("POST", DEFINITIONS, routes({ service, caBundle: Buffer.from("-").toString("base64") }));
  while ((await ask("GET", V1)).status !== 200) await new Promise(setImmediate);
  const spec = { host: "h", port: 1 };
  const route = { apiVersion: "net.example.com/v1", kind: "Route", metadata: { name: "a" }, spec };
  assert.equal((await ask("POST", V1, route)).status, 201);
  const failed = await ask("GET", `${BETA}/a`);
  assert.equal(
    failed.json.message,
    'conversion webhook for net.example.com/v1, Kind=Route failed: Post "https://convert.default.svc:443/all?timeout=30s": service "convert" not found',
  );
});

test("a webhook that is gone does not keep other namespaces from being read", async (t) => {
  const { ask } = await startHarness(t);
  const service = { namespace: "default", name: "convert", path: "/all" };
  await ask("POST", DEFINITIONS, routes({ service, caBundle: Buffer.from("-").toString("base64") }));
  while ((await ask("GET", V1)).status !== 200) await new Promise(setImmediate);
  const spec = { host: "h", port: 1 };
  const route = { apiVersion: "net.example.com/v1", kind: "Route", metadata: { name: "a" }, spec };
  assert.equal((await ask("POST", V1, route)).status, 201);
  assert.equal((await ask("GET", BETA)).status, 500);
  const elsewhere = await ask("GET", BETA.replace("/default/", "/kube-system/"));
  assert.deepEqual([elsewhere.status, elsewhere.json.items], [200, []]);
  assert.equal((await ask("GET", BETA.replace("namespaces/default/", ""))).status, 500);
});

test("a conversion must say whom to ask", async (t) => {
  const { ask } = await startHarness(t);
  const refused = await ask("POST", DEFINITIONS, routes({}));
  assert.deepEqual(
    refused.json.details.causes.map((one: Json) => `${one.field}: ${one.message}`),
    ["spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required"],
  );
});

test("what a webhook makes of labels, annotations and identities is looked at before anybody believes it", async (t) => {
  const { state, clientConfig } = await webhook(t);
  const { ask } = await startHarness(t);
  await ask("POST", DEFINITIONS, routes(clientConfig));
  while ((await ask("GET", BETA)).status !== 200) await new Promise(setImmediate);
  const route = {
    apiVersion: "net.example.com/v1beta1",
    kind: "Route",
    metadata: { name: "a", labels: { x: "y" } },
    spec: { address: "example.com:80" },
  };
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [null, /it is no object/],
    [{ metadata: undefined }, /missing metadata/],
    [{ metadata: { name: { toString: 1 } } }, /must have the same name: \{"toString":1\} != "a"/],
    [{ kind: { toString: 1 }, metadata: { name: "a" } }, /invalid groupVersion or kind/],
    [{ metadata: 5 }, /invalid metadata of type int64/],
    [{ metadata: { name: "b" } }, /must have the same name: "b" != "a"/],
    [
      { metadata: { name: "a", namespace: "default", labels: [] } },
      /invalid metadata\.labels of type \[\]interface \{\}/,
    ],
    [
      { metadata: { name: "a", namespace: "default", labels: { x: 1 } } },
      /metadata\.labels\[x\] must be a string, but is int64/,
    ],
    [
      { metadata: { name: "a", namespace: "default", labels: { "a/b/c": "d" } } },
      /metadata\.labels: Invalid value: "a\/b\/c"/,
    ],
    [
      { metadata: { name: "a", namespace: "default", annotations: { " ": "d" } } },
      /metadata\.annotations: Invalid value: " "/,
    ],
  ];
  for (const [lie, says] of rows) {
    state.lie = lie;
    const answer = await ask("POST", BETA, route);
    assert.equal(answer.status, 500, answer.text);
    assert.match(
      answer.json.message,
      /^conversion webhook for net\.example\.com\/v1beta1, Kind=Route failed: webhook returned/,
    );
    assert.match(answer.json.message, says);
  }
  state.lie = undefined;
  assert.equal((await ask("POST", BETA, route)).status, 201);
});
