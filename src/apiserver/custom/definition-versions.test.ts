import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type Harness, type Json, startHarness } from "../harness.ts";
import { selfSigned } from "../listening-harness.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const APPLY = { "content-type": "application/apply-patch+yaml" };
const path = (version: string) => `/apis/net.example.com/${version}/namespaces/default/routes`;

/** The old version calls the host an address. */
function converted(object: Json, apiVersion: string): Json {
  if (object.apiVersion === apiVersion) return object;
  const { address, host, ...rest } = object.spec ?? {};
  const name = host ?? address;
  const named = apiVersion.endsWith("/v1") ? { host: name } : { address: name };
  return { ...object, apiVersion, spec: { ...rest, ...(name === undefined ? {} : named) } };
}

async function webhook(t: TestContext) {
  const { certificate: cert, key } = await selfSigned();
  /** Questions about two states of an object at once: nobody but those who settle owners asks them. */
  const state = { pairs: 0, broken: false };
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { request, ...review } = JSON.parse(Buffer.concat(chunks).toString()) as Json;
      if (request.objects.length === 2) state.pairs++;
      const convertedObjects = request.objects.map((one: Json) => converted(one, request.desiredAPIVersion));
      const result = state.broken ? { status: "Failed", message: "out of order" } : { status: "Success" };
      outgoing.end(JSON.stringify({ ...review, response: { uid: request.uid, convertedObjects, result } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(cert).toString("base64");
  const clientConfig = { url: `https://127.0.0.1:${port}/convert`, caBundle };
  const conversion = { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } };
  return { state, conversion };
}

const text = { type: "string" };

const version = (name: string, properties: object, served = true) => ({
  name,
  served,
  storage: name === "v1",
  schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } },
});

async function serveRoutes(
  { ask }: Harness,
  versions: readonly object[],
  conversion?: object,
): Promise<void> {
  const made = await ask("POST", DEFINITIONS, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "routes.net.example.com" },
    spec: {
      group: "net.example.com",
      scope: "Namespaced",
      names: { plural: "routes", kind: "Route" },
      versions,
      ...(conversion ? { conversion } : {}),
    },
  });
  assert.equal(made.status, 201, made.text);
  while ((await ask("GET", path("v1"))).status !== 200) await new Promise(setImmediate);
}

/** Until the change of a definition has come through. */
async function changeVersions(
  { ask }: Harness,
  versions: readonly object[],
  isThere: () => Promise<boolean>,
) {
  const target = `${DEFINITIONS}/routes.net.example.com`;
  const { json } = await ask("GET", target);
  const changed = await ask("PUT", target, { ...json, spec: { ...json.spec, versions } });
  assert.equal(changed.status, 200, changed.text);
  while (!(await isThere())) await new Promise(setImmediate);
}

const route = (apiVersion: string, spec: object) => ({
  apiVersion: `net.example.com/${apiVersion}`,
  kind: "Route",
  metadata: { name: "a" },
  spec,
});

const applying =
  ({ ask }: Harness) =>
  (manager: string, apiVersion: string, spec: object, query = "") =>
    ask("PATCH", `${path(apiVersion)}/a?fieldManager=${manager}${query}`, route(apiVersion, spec), APPLY);

const owners = ({ json }: { readonly json: Json }): Record<string, readonly string[]> =>
  Object.fromEntries(
    json.metadata.managedFields.map(({ manager, apiVersion, fieldsV1 }: Json) => [
      `${manager} ${apiVersion.split("/")[1]}`,
      Object.keys(fieldsV1["f:spec"] ?? {}),
    ]),
  );

const NAMED = [version("v1", { host: text, note: text }), version("v1beta1", { address: text, note: text })];

test("a webhook tells whose field it is under another name: conflict, share, force", async (t) => {
  const { state, conversion } = await webhook(t);
  const harness = await startHarness(t);
  await serveRoutes(harness, NAMED, conversion);
  const apply = applying(harness);
  await apply("old", "v1beta1", { address: "one", note: "n" });
  const refused = await apply("new", "v1", { host: "two" });
  assert.equal(refused.status, 409);
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "old": .spec.address');
  assert.deepEqual(owners(await apply("new", "v1", { host: "one" })), {
    "old v1beta1": ["f:address", "f:note"],
    "new v1": ["f:host"],
  });
  const forced = await apply("new", "v1", { host: "two" }, "&force=true");
  assert.deepEqual(owners(forced), { "old v1beta1": ["f:note"], "new v1": ["f:host"] });
  const { pairs } = state;
  const updated = await harness.ask("PATCH", `${path("v1")}/a?fieldManager=you`, { spec: { note: "m" } });
  assert.deepEqual(owners(updated), { "new v1": ["f:host"], "you v1": ["f:note"] });
  assert.equal(state.pairs, pairs + 1);
});

test("what was applied under another name goes with its manager's new configuration", async (t) => {
  const { conversion } = await webhook(t);
  const harness = await startHarness(t);
  await serveRoutes(harness, NAMED, conversion);
  const apply = applying(harness);
  await apply("me", "v1beta1", { address: "one", note: "n" });
  const left = await apply("me", "v1", { note: "n" });
  assert.deepEqual(left.json.spec, { note: "n" });
  assert.deepEqual(owners(left), { "me v1": ["f:note"] });

  await apply("me", "v1beta1", { address: "one", note: "n" });
  await apply("you", "v1", { host: "one" });
  const kept = await apply("me", "v1beta1", { note: "n" });
  assert.deepEqual(kept.json.spec, { address: "one", note: "n" });
  assert.deepEqual(owners(kept), { "me v1beta1": ["f:note"], "you v1": ["f:host"] });
});

test("a webhook that fails stops an apply across versions, but no update of another version", async (t) => {
  const { state, conversion } = await webhook(t);
  const harness = await startHarness(t);
  await serveRoutes(harness, NAMED, conversion);
  const apply = applying(harness);
  await apply("old", "v1beta1", { address: "one" });
  state.broken = true;
  const failed = await apply("new", "v1", { host: "one" });
  assert.deepEqual(
    [failed.status, failed.json.message],
    [500, "conversion webhook for net.example.com/v1, Kind=Route failed: out of order"],
  );
  const updated = await harness.ask("PATCH", `${path("v1")}/a?fieldManager=you`, { spec: { note: "m" } });
  assert.equal(updated.status, 200, updated.text);
  assert.deepEqual(owners(updated), { "old v1beta1": ["f:address"], "you v1": ["f:note"] });
});

test("managers in one version ask no webhook", async (t) => {
  const { state, conversion } = await webhook(t);
  const harness = await startHarness(t);
  await serveRoutes(harness, NAMED, conversion);
  const apply = applying(harness);
  await apply("me", "v1", { host: "one" });
  await apply("me", "v1", { host: "two" });
  await harness.ask("PATCH", `${path("v1")}/a?fieldManager=you`, { spec: { note: "m" } });
  assert.equal(state.pairs, 0);
});

test("versions that differ in name only share their owners, and lose nothing that one does not show", async (t) => {
  const harness = await startHarness(t);
  const both = { host: text, note: text };
  await serveRoutes(harness, [version("v1", { ...both, extra: text }), version("v1beta1", both)]);
  const apply = applying(harness);
  await apply("me", "v1beta1", { host: "one", note: "n" });
  const refused = await apply("you", "v1", { host: "two" });
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "me": .spec.host');
  const more = await apply("you", "v1", { host: "one", extra: "e" });
  assert.deepEqual(owners(more), { "me v1beta1": ["f:host", "f:note"], "you v1": ["f:extra", "f:host"] });
  const left = await apply("me", "v1", {});
  assert.deepEqual(left.json.spec, { extra: "e", host: "one" });
  assert.deepEqual(owners(left), { "me v1": [], "you v1": ["f:extra", "f:host"] });
});

test("a version that is no longer served still has its owners; one that the definition has lost does not", async (t) => {
  const harness = await startHarness(t);
  const members = { host: text, note: text };
  const versions = (served: boolean) => [version("v1", members), version("v1beta1", members, served)];
  await serveRoutes(harness, versions(true));
  const apply = applying(harness);
  await apply("me", "v1beta1", { host: "one", note: "n" });
  const isGone = async () => (await harness.ask("GET", path("v1beta1"))).status === 404;
  await changeVersions(harness, versions(false), isGone);
  const refused = await apply("you", "v1", { host: "two" });
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "me": .spec.host');

  const later = [version("v1", members), version("v2", members)];
  await changeVersions(harness, later, async () => (await harness.ask("GET", path("v2"))).status === 200);
  const taken = await apply("you", "v1", { host: "two" });
  assert.deepEqual(owners(taken), { "you v1": ["f:host"] });
  assert.deepEqual(taken.json.spec, { host: "two", note: "n" });
});
