import assert from "node:assert/strict";
import { test } from "node:test";
import { mergedV2 } from "./merged-v2.ts";
import { v3FromV2 } from "./v3-from-v2.ts";

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const answer = (name: string) => ({ get: { responses: { 200: { description: "OK", schema: ref(name) } } } });
const KINDS = "x-kubernetes-group-version-kind";

const own = {
  swagger: "2.0",
  paths: { "/api/v1/": answer("List"), "/apis/fish/v1/eels": answer("Old") },
  definitions: {
    List: { type: "object" },
    Meta: { type: "object", properties: { name: { type: "string" } } },
    Options: { type: "object", [KINDS]: [{ kind: "Options", version: "v1" }] },
  },
};

test("what others serve joins what is ours; definitions that differ get another name there", () => {
  const document = {
    paths: { "/apis/fish/v1/": answer("List"), "/apis/fish/v1/eels": answer("Eel"), "/healthz": {} },
    definitions: {
      List: { type: "object" },
      Eel: { properties: { metadata: ref("Meta"), options: ref("Options"), child: ref("Eel") } },
      Meta: { type: "object", properties: { name: { type: "integer" } } },
      Options: { type: "object", [KINDS]: [{ kind: "Options", version: "v9" }] },
      Unused: {},
    },
  };
  const { paths, definitions } = mergedV2(own, [{ prefix: "/apis/fish/v1/", document }]) as typeof own;
  assert.deepEqual(paths, {
    "/api/v1/": answer("List"),
    "/apis/fish/v1/": answer("List"),
    "/apis/fish/v1/eels": answer("Eel"),
  });
  assert.deepEqual(definitions, {
    Eel: { properties: { metadata: ref("Meta_v2"), options: ref("Options"), child: ref("Eel") } },
    List: { type: "object" },
    Meta: own.definitions.Meta,
    Meta_v2: document.definitions.Meta,
    Options: {
      type: "object",
      [KINDS]: [
        { kind: "Options", version: "v1" },
        { kind: "Options", version: "v9" },
      ],
    },
  });
});

test("a server that says nothing takes its paths with it", () => {
  const { paths } = mergedV2(own, [{ prefix: "/apis/fish/v1/", document: undefined }]) as typeof own;
  assert.deepEqual(Object.keys(paths), ["/api/v1/"]);
});

test("version 2 in the words of version 3", () => {
  const path = "/apis/fish/v1/eels/{name}";
  const v3 = v3FromV2(
    {
      info: { title: "Fish", version: "v0" },
      paths: {
        [path]: {
          put: {
            operationId: "replaceEel",
            schemes: ["https"],
            consumes: ["*/*"],
            produces: ["application/json", "application/yaml"],
            parameters: [
              { name: "body", in: "body", required: true, schema: ref("Eel") },
              { name: "dryRun", in: "query", description: "No change.", type: "string", uniqueItems: true },
            ],
            responses: {
              200: { description: "OK", schema: ref("Eel") },
              401: { description: "Unauthorized" },
            },
            "x-kubernetes-action": "put",
          },
          parameters: [{ name: "name", in: "path", required: true, type: "string" }],
        },
        "/apis/birds/v1/owls": {},
      },
      definitions: { Eel: { type: "object", properties: { child: ref("Eel") } }, Owl: {} },
    },
    "/apis/fish/v1/",
  );
  const moved = { $ref: "#/components/schemas/Eel" };
  assert.deepEqual(v3, {
    openapi: "3.0.0",
    info: { title: "Fish", version: "v0" },
    paths: {
      [path]: {
        put: {
          operationId: "replaceEel",
          parameters: [
            {
              name: "dryRun",
              in: "query",
              description: "No change.",
              schema: { type: "string", uniqueItems: true },
            },
          ],
          requestBody: { content: { "*/*": { schema: moved } }, required: true },
          responses: {
            200: {
              description: "OK",
              content: { "application/json": { schema: moved }, "application/yaml": { schema: moved } },
            },
            401: { description: "Unauthorized" },
          },
          "x-kubernetes-action": "put",
        },
        parameters: [{ name: "name", in: "path", required: true, schema: { type: "string" } }],
      },
    },
    components: { schemas: { Eel: { type: "object", properties: { child: moved } } } },
  });
});

test("parameters that a document keeps in one place are where they are used", () => {
  const limit = { name: "limit", in: "query", type: "integer" };
  const document = {
    parameters: { "limit-1": limit },
    paths: { "/apis/fish/v1/eels": { get: { parameters: [{ $ref: "#/parameters/limit-1" }] } } },
    definitions: {},
  };
  const { paths } = mergedV2(own, [{ prefix: "/apis/fish/v1/", document }]);
  assert.deepEqual((paths as Record<string, unknown>)["/apis/fish/v1/eels"], {
    get: { parameters: [limit] },
  });
});
