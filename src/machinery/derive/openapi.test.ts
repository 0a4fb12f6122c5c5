import assert from "node:assert/strict";
import { test } from "node:test";
import { listSchema, resources, schemaForKind } from "#api/registry";
import { encodeJson, parseJson } from "../json.ts";
import { openApiV2, OpenApiV2 } from "./openapi-v2.ts";
import { encodeOpenApiV2 } from "./openapi-v2-protobuf.ts";
import { openApiV3, OpenApiV3, protobufOfV3 } from "./openapi-v3.ts";

const encoder = new TextEncoder();

type Node = Record<string, unknown>;
interface OperationNode extends Node {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string }[];
}

const options = { version: "v1.35.0", schemaForKind, listSchema };
const v2 = openApiV2(resources, options) as { definitions: Node; paths: Record<string, Node> };
const appsV1 = resources.filter(({ apiVersion }) => apiVersion === "apps/v1");
const v3 = openApiV3("apps", "v1", appsV1, options) as {
  components: { schemas: Record<string, Node> };
  paths: Record<string, Node>;
};

function* refsIn(node: unknown): Iterable<string> {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "$ref" && typeof value === "string") yield value;
    else yield* refsIn(value);
  }
}

const operationsOf = (paths: Record<string, Node>): OperationNode[] =>
  Object.values(paths).flatMap((item) =>
    Object.entries(item).flatMap(([method, value]) =>
      method === "parameters" ? [] : [value as OperationNode],
    ),
  );

test("every reference leads somewhere", () => {
  for (const ref of refsIn(v2)) assert.ok(ref.replace("#/definitions/", "") in v2.definitions, ref);
  for (const ref of refsIn(v3))
    assert.ok(ref.replace("#/components/schemas/", "") in v3.components.schemas, ref);
});

test("operations have names of their own", () => {
  const ids = operationsOf(v2.paths).map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of [
    "listCoreV1NamespacedPod",
    "listCoreV1PodForAllNamespaces",
    "createAppsV1NamespacedDeployment",
    "replaceAppsV1NamespacedDeploymentScale",
    "readCoreV1NamespacedPodLog",
    "connectCoreV1GetNamespacedPodExec",
    "deleteRbacAuthorizationV1CollectionNamespacedRole",
    "readCoreV1Node",
    "patchCoreV1NodeStatus",
    "createCoreV1NamespacedPodEviction",
    "getAppsV1APIResources",
    "getAppsAPIGroup",
    "getCoreAPIVersions",
    "getAPIVersions",
    "getCodeVersion",
    "watchCoreV1NamespacedPodList",
    "watchCoreV1PodListForAllNamespaces",
    "watchCoreV1NamespacedPod",
    "watchCoreV1NodeList",
  ]) {
    assert.ok(ids.includes(id), id);
  }
});

test("what kubectl looks for", () => {
  const path = v3.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"] as Record<
    string,
    OperationNode
  >;
  const patch = path.patch!;
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], {
    group: "apps",
    kind: "Deployment",
    version: "v1",
  });
  assert.ok(patch.parameters!.some(({ name }) => name === "fieldValidation"));
  assert.equal(patch["x-kubernetes-action"], "patch");

  const watch = v3.paths["/apis/apps/v1/watch/namespaces/{namespace}/deployments"] as Record<
    string,
    OperationNode
  >;
  assert.equal(watch.get!["x-kubernetes-action"], "watchlist");

  const deployment = v3.components.schemas["io.k8s.api.apps.v1.Deployment"]!;
  assert.deepEqual(deployment["x-kubernetes-group-version-kind"], [
    { group: "apps", kind: "Deployment", version: "v1" },
  ]);
  const podSpec = v3.components.schemas["io.k8s.api.core.v1.PodSpec"]!.properties as Record<string, Node>;
  assert.equal(podSpec.containers!["x-kubernetes-patch-merge-key"], "name");
  assert.equal(podSpec.containers!["x-kubernetes-patch-strategy"], "merge");
  assert.deepEqual(podSpec.containers!["x-kubernetes-list-map-keys"], ["name"]);
  assert.equal(podSpec.volumes!["x-kubernetes-patch-strategy"], "merge,retainKeys");
  const meta = v3.components.schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]!.properties as Record<
    string,
    Node
  >;
  assert.deepEqual(meta.labels!.additionalProperties, { type: "string" });
});

test("documents are made once, and the index tells their hashes", () => {
  const all = new OpenApiV3(resources, options);
  const { paths } = parseJson(all.index()) as { paths: Record<string, { serverRelativeURL: string }> };
  assert.match(
    paths["apis/apps/v1"]!.serverRelativeURL,
    /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{16}$/,
  );
  for (const path of ["api/v1", "api", "apis", "apis/apps", "version"]) assert.ok(path in paths, path);
  const version = parseJson(all.document("version")!.bytes) as { components: { schemas: Node } };
  assert.deepEqual(Object.keys(version.components.schemas), ["io.k8s.apimachinery.pkg.version.Info"]);
  assert.equal(all.document("api/v1"), all.document("api/v1"));
  assert.equal(all.document("apis/none/v1"), undefined);
  const again = new OpenApiV3(resources, options);
  assert.equal(again.document("apis/apps/v1")!.hash, all.document("apis/apps/v1")!.hash);
  assert.notEqual(all.document("apis/batch/v1")!.hash, all.document("apis/apps/v1")!.hash);
});

test("version 2 as bytes, in both forms", () => {
  const of = new OpenApiV2(appsV1, options);
  assert.equal((parseJson(of.json().bytes) as Node).swagger, "2.0");
  const bytes = of.protobuf();
  // Field 1 of the document: the version of OpenAPI.
  assert.deepEqual([...bytes.subarray(0, 5)], [0x0a, 3, 0x32, 0x2e, 0x30]);
  assert.ok(new TextDecoder().decode(bytes).includes("io.k8s.api.apps.v1.DeploymentSpec"));
});

const message = (tag: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array => {
  const body = parts.flatMap((part) => [...(typeof part === "string" ? encoder.encode(part) : part)]);
  const key = tag * 8 + 2;
  return Uint8Array.from([...(key < 128 ? [key] : [(key & 127) | 128, key >> 7]), body.length, ...body]);
};

test("a small document of version 3 in protobuf, byte by byte", () => {
  const bytes = protobufOfV3(
    encodeJson({
      openapi: "3.0.0",
      paths: { "/a": { get: { responses: { 200: { $ref: "#/r" } } } } },
      components: { schemas: { B: { type: "string", default: "", enum: ["b"], "x-c": 1 } } },
    }),
  );
  const operation = message(8, message(2, message(1, "200"), message(2, message(2, message(1, "#/r")))));
  const schema = [
    message(24, message(2, '"b"\n')),
    message(25, "string"),
    message(33, message(3)),
    message(36, message(1, "x-c"), message(2, message(2, "1\n"))),
  ];
  const expected = [
    message(1, "3.0.0"),
    message(4, message(1, message(1, "/a"), message(2, message(4, operation)))),
    message(5, message(1, message(1, message(1, "B"), message(2, message(1, ...schema))))),
  ];
  assert.deepEqual(
    [...bytes],
    expected.flatMap((part) => [...part]),
  );
});

test("parameters of version 2 in protobuf, byte by byte", () => {
  const parameter = (where: string) => ({
    name: "a",
    in: where,
    required: true,
    type: "b",
    uniqueItems: true,
  });
  const paths = { "/p": { parameters: ["path", "query", "header"].map(parameter) } };
  const flagged = (tag: number) =>
    Uint8Array.from(tag < 16 ? [tag * 8, 1] : [((tag * 8) & 127) | 128, tag >> 4, 1]);
  const item = (kind: number, where: string, type: number, unique: number) =>
    message(
      9,
      message(
        1,
        message(
          2,
          message(kind, flagged(1), message(2, where), message(4, "a"), message(type, "b"), flagged(unique)),
        ),
      ),
    );
  const items = [item(4, "path", 5, 19), item(3, "query", 6, 20), item(1, "header", 5, 19)];
  const expected = message(8, message(2, message(1, "/p"), message(2, ...items)));
  const bytes = Buffer.from(encodeOpenApiV2({ swagger: "2.0", paths, definitions: {} }));
  assert.ok(bytes.includes(expected));
});

test("documents of other servers may hold anything", () => {
  const odd = { paths: { "/a": { get: 1, parameters: {}, patch: { responses: [] } } }, components: [] };
  assert.ok(protobufOfV3(encodeJson(odd)).length > 0);
});
