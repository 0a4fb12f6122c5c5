import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { type Json, startHarness } from "../harness.ts";

/** What Kubernetes itself discovers; it lies beside the checkout, where it does. */
const FACTS = new URL("../../../../shared/facts/kinds.json", import.meta.url);
const absent = !existsSync(FACTS) && "no golden data in ../shared/facts/kinds.json, beside this checkout";

test("versions, groups and resources, old and aggregated", async (t) => {
  const { ask } = await startHarness(t);
  assert.deepEqual((await ask("GET", "/api")).json.versions, ["v1"]);
  const groups = (await ask("GET", "/apis")).json.groups as Json[];
  assert.equal(groups[0].name, "apiregistration.k8s.io");
  assert.ok(
    groups.some(({ name, preferredVersion }) => name === "apps" && preferredVersion.version === "v1"),
  );
  const core = (await ask("GET", "/api/v1")).json.resources as Json[];
  const pods = core.find(({ name }) => name === "pods");
  assert.deepEqual(pods.shortNames, ["po"]);
  assert.equal(pods.singularName, "pod");
  assert.ok(core.some(({ name }) => name === "pods/status"));
  assert.equal((await ask("GET", "/apis/none")).status, 404);
  assert.equal((await ask("GET", "/apis/apps/v2")).status, 404);

  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  const aggregated = await ask("GET", "/apis", undefined, { accept });
  assert.equal(aggregated.json.kind, "APIGroupDiscoveryList");
  assert.equal(aggregated.json.items.length, groups.length);
  const again = await ask("GET", "/apis", undefined, { accept, "if-none-match": aggregated.headers.etag! });
  assert.equal(again.status, 304);
});

test("discovery says of every kind what is known of it", { skip: absent }, async (t) => {
  const { ask } = await startHarness(t);
  const { kinds } = JSON.parse(readFileSync(FACTS, "utf8")) as { kinds: Json[] };
  const served = kinds.filter((fact) => fact.default === 1);
  for (const fact of served) {
    const path = fact.g === "" ? `/api/${fact.v}` : `/apis/${fact.g}/${fact.v}`;
    const rows = (await ask("GET", path)).json.resources as Json[];
    const row = rows.find(({ name }) => name === fact.r);
    const what = `${fact.g}/${fact.v}/${fact.r}`;
    assert.ok(row, what);
    assert.equal(row.kind, fact.k, what);
    assert.equal(row.singularName, fact.s, what);
    assert.equal(row.namespaced, fact.ns === 1, what);
    assert.deepEqual(row.verbs, fact.verbs.toSorted(), what);
    assert.deepEqual(row.shortNames, fact.sn, what);
    assert.deepEqual(row.categories, fact.cat, what);
    // Definitions are stored here as they are served; upstream still writes their beta version.
    if (fact.k !== "CustomResourceDefinition") assert.equal(row.storageVersionHash, fact.svh, what);
    for (const [name, sub] of Object.entries((fact.sub ?? {}) as Record<string, Json>)) {
      const subRow = rows.find((one) => one.name === `${fact.r}/${name}`);
      assert.ok(subRow, `${what}/${name}`);
      assert.equal(subRow.kind, sub.k, `${what}/${name}`);
      assert.deepEqual(subRow.verbs, sub.verbs, `${what}/${name}`);
    }
  }
});

test("health, version, metrics and the list of paths", async (t) => {
  const { ask, server } = await startHarness(t);
  assert.equal((await ask("GET", "/readyz")).text, "ok");
  assert.match((await ask("GET", "/livez?verbose")).text, /\[\+\]ping ok\n[^]*livez check passed\n/);
  assert.equal((await ask("GET", "/readyz/ping")).text, "ok");
  assert.equal((await ask("GET", "/readyz/none")).status, 404);
  server.health.add({ name: "broken", check: () => "it is" });
  const failed = await ask("GET", "/readyz");
  assert.equal(failed.status, 500);
  assert.match(failed.text, /\[-\]broken failed: reason withheld/);
  assert.equal((await ask("GET", "/readyz?exclude=broken")).status, 200);
  assert.match((await ask("GET", "/version")).json.gitVersion, /^v1\.35\./);
  assert.match((await ask("GET", "/metrics")).text, /apiserver_request_total\{verb="GET"/);
  assert.ok((await ask("GET", "/")).json.paths.includes("/apis"));
});

test("OpenAPI by group and version", async (t) => {
  const { ask } = await startHarness(t);
  const index = (await ask("GET", "/openapi/v3")).json;
  const { serverRelativeURL } = index.paths["apis/apps/v1"];
  const document = await ask("GET", serverRelativeURL);
  assert.equal(document.status, 200);
  assert.ok(document.json.components.schemas["io.k8s.api.apps.v1.Deployment"]);
  assert.match(document.headers["cache-control"]!, /immutable/);
  assert.equal((await ask("GET", "/openapi/v3/apis/none/v1")).status, 404);
});

test("everything in one document, in the form that the client likes best", async (t) => {
  const { ask } = await startHarness(t);
  const one = (type: string, version = "v2") =>
    `${type};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  const [json, protobuf, yaml] = ["json", "vnd.kubernetes.protobuf", "yaml"].map(
    (form) => `application/${form}`,
  );
  const cases: readonly (readonly [string, string])[] = [
    [one(json!), one(json!)],
    [`${one(json!, "v9")}, ${one(json!)}, ${json}`, one(json!)],
    [one(protobuf!), one(protobuf!)],
    [`text/html, ${one(yaml!)}`, one(yaml!)],
    [`${json}, ${one(json!)};q=0.5`, json!],
    [`${one(json!, "v2beta1")}, ${json}`, json!],
  ];
  for (const [accept, type] of cases) {
    const { status, headers } = await ask("GET", "/apis", undefined, { accept });
    assert.deepEqual([status, headers["content-type"]], [200, type], accept);
  }
  const { text } = await ask("GET", "/apis", undefined, { accept: one(protobuf!) });
  assert.ok(text.startsWith("k8s\0") && text.includes("deployments"));
  const old = await ask("GET", "/apis", undefined, { accept: one(json!, "v2beta1") });
  assert.equal(old.status, 406);
});
