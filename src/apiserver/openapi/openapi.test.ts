import assert from "node:assert/strict";
import { test } from "node:test";
import { startHarness } from "../harness.ts";

test("a document has one address for each of its versions", async (t) => {
  const { ask } = await startHarness(t);
  const index = await ask("GET", "/openapi/v3");
  const address = index.json.paths["apis/apps/v1"].serverRelativeURL as string;
  const named = await ask("GET", address);
  assert.equal(named.status, 200);
  assert.equal(named.headers["cache-control"], "public, immutable");
  assert.equal(new Date(named.headers.expires!).getUTCFullYear(), 2027);
  const hash = new URLSearchParams(address.split("?")[1]).get("hash");
  assert.equal(named.headers.etag, `"${hash}"`);
  const plain = await ask("GET", "/openapi/v3/apis/apps/v1");
  assert.equal(plain.headers["cache-control"], "no-cache, private");
  assert.equal(plain.text, named.text);
  const tagged = { "if-none-match": named.headers.etag! };
  assert.equal((await ask("GET", "/openapi/v3/apis/apps/v1", undefined, tagged)).status, 304);
  const old = await ask("GET", "/openapi/v3/apis/apps/v1?hash=00");
  assert.equal(old.status, 301);
  assert.equal(old.headers.location, address);
  assert.equal((await ask("GET", "/openapi/v3/apis/apps/v9")).status, 404);
});

test("forms that are not there are not acceptable", async (t) => {
  const { ask } = await startHarness(t);
  const version3 = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
  const cases: readonly (readonly [string, string, number, string?])[] = [
    ["/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", 200, "protobuf"],
    ["/openapi/v2", "application/json, */*", 200, "application/json"],
    ["/openapi/v2", "text/html", 406],
    ["/openapi/v3/api/v1", "text/html", 406],
    ["/openapi/v3/api/v1", version3, 200, "protobuf"],
    ["/openapi/v3/api/v1", `${version3};q=0.5, application/json;q=0.9`, 200, "application/json"],
  ];
  for (const [path, accept, status, type] of cases) {
    const answer = await ask("GET", path, undefined, { accept });
    assert.equal(answer.status, status, `${path} ${accept}`);
    if (type !== undefined) assert.match(answer.headers["content-type"]!, new RegExp(type));
  }
});

test("the protobuf form goes by the same hash", async (t) => {
  const { ask } = await startHarness(t);
  const path = "/openapi/v3/apis/apps/v1";
  const json = await ask("GET", path);
  const accept = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
  const hash = json.headers.etag!.slice(1, -1);
  const protobuf = await ask("GET", `${path}?hash=${hash}`, undefined, { accept });
  assert.equal(protobuf.headers["content-type"], accept);
  assert.equal(protobuf.headers["cache-control"], "public, immutable");
  assert.match(protobuf.headers.vary!, /Accept/);
  assert.equal(protobuf.headers.etag, json.headers.etag);
  assert.ok(protobuf.text.includes("io.k8s.api.apps.v1.DeploymentSpec"));
});

test("what a custom kind may be selected by stands in its schema", async (t) => {
  const { ask } = await startHarness(t);
  const definition = {
    metadata: { name: "eels.sea.example.com" },
    spec: {
      group: "sea.example.com",
      scope: "Namespaced",
      names: { plural: "eels", kind: "Eel" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          selectableFields: [{ jsonPath: ".spec.color" }],
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { color: { type: "string" } } } },
            },
          },
        },
      ],
    },
  };
  await ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  let answer = await ask("GET", "/openapi/v3/apis/sea.example.com/v1");
  while (answer.status === 404) {
    await new Promise(setImmediate);
    answer = await ask("GET", "/openapi/v3/apis/sea.example.com/v1");
  }
  const { components, paths } = answer.json;
  assert.deepEqual(components.schemas["com.example.sea.v1.Eel"]["x-kubernetes-selectable-fields"], [
    { fieldPath: "spec.color" },
  ]);
  // Old ways to watch are for old kinds.
  assert.ok(!Object.keys(paths).some((path) => path.includes("/watch/")));
});
