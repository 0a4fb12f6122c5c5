import assert from "node:assert/strict";
import type { V1JSONSchemaProps, V1Status } from "@kubernetes/client-node";
import { type CustomKind, makeCustomKind, OPEN_SCHEMA } from "../custom-kind.ts";
import type { HttpAnswer } from "../http-call.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

type Level = "Strict" | "Warn" | "Ignore";

const SCHEMA: V1JSONSchemaProps = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        cronSpec: { type: "string" },
        ports: {
          type: "array",
          x_kubernetes_list_type: "map",
          x_kubernetes_list_map_keys: ["containerPort"],
          items: {
            type: "object",
            required: ["containerPort"],
            properties: { containerPort: { type: "integer" }, name: { type: "string" } },
          },
        },
      },
    },
  },
};

/** Writes JSON by hand: what is sent may say a field twice. */
const post = ({ raw }: ConformanceContext, path: string, text: string, level: Level) =>
  raw("POST", `${path}?fieldValidation=${level}`, { body: text });

/** Server-side apply of YAML. */
const apply = ({ raw }: ConformanceContext, path: string, yaml: string, level: Level) =>
  raw("PATCH", `${path}?fieldManager=conformance&fieldValidation=${level}`, {
    headers: { "content-type": "application/apply-patch+yaml" },
    body: yaml,
  });

const merge = ({ raw }: ConformanceContext, path: string, text: string, level: Level) =>
  raw("PATCH", `${path}?fieldValidation=${level}`, {
    headers: { "content-type": "application/merge-patch+json" },
    body: text,
  });

function assertRefused(answer: HttpAnswer, ...patterns: RegExp[]): void {
  assert.ok([400, 422, 500].includes(answer.code), `${answer.code}: ${answer.body}`);
  const { message = "" } = answer.json<V1Status>();
  for (const pattern of patterns) assert.match(message, pattern);
}

/** Asserts that it was written, with these warnings and no others. */
function assertWarned(answer: HttpAnswer, ...patterns: RegExp[]): void {
  assert.ok(answer.code < 300, answer.body);
  const warnings = (answer.headers.warning ?? "").replaceAll(String.raw`\"`, '"');
  for (const pattern of patterns) assert.match(warnings, pattern);
  assert.equal(warnings === "" ? 0 : warnings.split(/, (?=299 )/).length, patterns.length, warnings);
}

const cronTab = ({ group }: CustomKind, name: string, spec: string, metadata = ""): string =>
  `{"apiVersion":"${group}/v1","kind":"CronTab","metadata":{"name":"${name}"${metadata}},"spec":{${spec}}}`;

const cronKind = (context: ConformanceContext, openAPIV3Schema: V1JSONSchemaProps) =>
  makeCustomKind(context, { kind: "CronTab", versions: [{ name: "v1", schema: { openAPIV3Schema } }] });

const deployment = (
  name: string,
  more: { metadata?: string; spec?: string; template?: string } = {},
): string => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "${name}", "labels": {"app": "nginx"}${more.metadata ?? ""}},
  "spec": {
    "selector": {"matchLabels": {"app": "nginx"}}, "replicas": 0${more.spec ?? ""},
    "template": {
      "metadata": {"labels": {"app": "nginx"}${more.template ?? ""}},
      "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}
    }
  }
}`;

conformance(
  "[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]",
  async (context) => {
    const path = `/apis/apps/v1/namespaces/${context.namespace}/deployments`;
    const wrong = (name: string) =>
      deployment(name, { spec: ', "foo": "bar", "paused": true, "paused": false' });
    const problems = [/unknown field "spec\.foo"/, /duplicate field "spec\.paused"/];
    const refused = await post(context, path, wrong("strict"), "Strict");
    assertRefused(refused, /strict decoding error/, ...problems);
    assert.equal(refused.code, 400);
    assert.equal((await context.raw("GET", `${path}/strict`)).code, 404);
    assertWarned(await post(context, path, wrong("warned"), "Warn"), ...problems);
    assertWarned(await post(context, path, wrong("ignored"), "Ignore"));
    // Without a word, the server warns.
    assertWarned(await context.raw("POST", path, { body: wrong("silent") }), ...problems);

    const change = '{"spec": {"foo": 1, "paused": true, "paused": false}}';
    assertRefused(await merge(context, `${path}/warned`, change, "Strict"), ...problems);
    assertWarned(await merge(context, `${path}/warned`, change, "Warn"), ...problems);
    assertRefused(
      await apply(context, `${path}/applied`, wrong("applied").replace('"foo": "bar", ', ""), "Strict"),
      /already set in map|duplicate/,
    );
    assertRefused(
      await apply(context, `${path}/applied`, deployment("applied", { spec: ', "foo": "bar"' }), "Strict"),
      /\.spec\.foo: field not declared in schema|unknown field "spec\.foo"/,
    );
  },
);

conformance(
  "[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]",
  async (context) => {
    const path = `/apis/apps/v1/namespaces/${context.namespace}/deployments`;
    const wrong = (name: string) =>
      deployment(name, { metadata: ', "unknownMeta": "foo"', template: ', "unknownToo": "bar"' });
    const problems = [
      /unknown field "metadata\.unknownMeta"/,
      /unknown field "spec\.template\.metadata\.unknownToo"/,
    ];
    assertRefused(await post(context, path, wrong("strict"), "Strict"), ...problems);
    assertWarned(await post(context, path, wrong("warned"), "Warn"), ...problems);
    assertWarned(await post(context, path, wrong("ignored"), "Ignore"));
    const stored = (await context.raw("GET", `${path}/warned`)).json<{ metadata: object }>();
    assert.equal("unknownMeta" in stored.metadata, false);
    assertRefused(
      await apply(context, `${path}/applied`, wrong("applied"), "Strict"),
      /field not declared in schema|unknown field "metadata\.unknownMeta"/,
    );
  },
);

conformance(
  "[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]",
  async (context) => {
    const kind = await cronKind(context, SCHEMA);
    const spec = '"cronSpec": "* * * * */5", "ports": [{"containerPort": 80, "name": "x"}]';
    const created = await post(context, kind.path(), cronTab(kind, "created", spec), "Strict");
    assertWarned(created);
    assert.equal(created.code, 201);
    const applied = await apply(context, `${kind.path()}/applied`, cronTab(kind, "applied", spec), "Strict");
    assertWarned(applied);
    assert.equal(applied.code, 201);
    assert.deepEqual((await kind.read("applied")).spec, (await kind.read("created")).spec);
    // What is no unknown field but a wrong value is refused at every level.
    const bad = cronTab(kind, "bad", '"cronSpec": 5');
    for (const level of ["Strict", "Warn", "Ignore"] as const)
      assert.equal((await post(context, kind.path(), bad, level)).code, 422);
  },
);

conformance(
  "[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]",
  async (context) => {
    const kind = await cronKind(context, OPEN_SCHEMA);
    const spec = '"foo": "foo1", "deep": {"er": [1]}';
    assertWarned(await post(context, kind.path(), cronTab(kind, "created", spec), "Strict"));
    assertWarned(await apply(context, `${kind.path()}/applied`, cronTab(kind, "applied", spec), "Strict"));
    for (const name of ["created", "applied"])
      assert.deepEqual((await kind.read(name)).spec, { foo: "foo1", deep: { er: [1] } });
  },
);

conformance(
  "[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]",
  async (context) => {
    const kind = await cronKind(context, {
      ...SCHEMA,
      properties: { spec: { ...SCHEMA.properties!.spec!, x_kubernetes_preserve_unknown_fields: true } },
    });
    // Extra properties where they are kept.
    const spec = '"cronSpec": "* * * * */5", "extra": "kept"';
    assertWarned(await post(context, kind.path(), cronTab(kind, "created", spec), "Strict"));
    assertWarned(await apply(context, `${kind.path()}/applied`, cronTab(kind, "applied", spec), "Strict"));
    assert.equal((await kind.read("applied")).spec.extra, "kept");
    // And where they are not.
    const ports = '"ports": [{"containerPort": 80, "extra": "lost"}]';
    const problem = /unknown field "spec\.ports\[0\]\.extra"/;
    const text = (name: string) => cronTab(kind, name, ports);
    assertRefused(await post(context, kind.path(), text("strict"), "Strict"), problem);
    assertWarned(await post(context, kind.path(), text("warned"), "Warn"), problem);
    assertWarned(await post(context, kind.path(), text("ignored"), "Ignore"));
    assert.deepEqual((await kind.read("warned")).spec.ports, [{ containerPort: 80 }]);
    assert.deepEqual((await kind.read("ignored")).spec.ports, [{ containerPort: 80 }]);
  },
);

conformance(
  "[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]",
  async (context) => {
    const kind = await cronKind(context, OPEN_SCHEMA);
    const text = (name: string) => cronTab(kind, name, '"unknown": "uk1", "unknown": "uk2", "known": 1');
    const problem = /duplicate field "spec\.unknown"/;
    assertRefused(await post(context, kind.path(), text("strict"), "Strict"), problem);
    assertWarned(await post(context, kind.path(), text("warned"), "Warn"), problem);
    assertWarned(await post(context, kind.path(), text("ignored"), "Ignore"));
    // The last one counts.
    assert.deepEqual((await kind.read("warned")).spec, { unknown: "uk2", known: 1 });
    assertRefused(
      await apply(context, `${kind.path()}/applied`, text("applied"), "Strict"),
      /key "unknown" already set in map/,
    );
  },
);

conformance(
  "[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]",
  async (context) => {
    const kind = await cronKind(context, {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: {
            template: {
              type: "object",
              x_kubernetes_embedded_resource: true,
              properties: {
                spec: { type: "object", properties: { image: { type: "string" } } },
              },
            },
          },
        },
      },
    });
    const text = (name: string) =>
      cronTab(
        kind,
        name,
        `"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "inner", "unknownSubMeta": "x"},
          "spec": {"image": "a", "unknownSub": "y"}}`,
        ', "unknownMeta": "unknown"',
      );
    const problems = [
      /unknown field "metadata\.unknownMeta"/,
      /unknown field "spec\.template\.metadata\.unknownSubMeta"/,
      /unknown field "spec\.template\.spec\.unknownSub"/,
    ];
    assertRefused(await post(context, kind.path(), text("strict"), "Strict"), ...problems);
    assertWarned(await post(context, kind.path(), text("warned"), "Warn"), ...problems);
    assertWarned(await post(context, kind.path(), text("ignored"), "Ignore"));
    for (const name of ["warned", "ignored"]) {
      const { metadata, spec } = await kind.read(name);
      assert.equal("unknownMeta" in metadata!, false);
      assert.deepEqual(spec.template, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "inner" },
        spec: { image: "a" },
      });
    }
    assertRefused(
      await apply(context, `${kind.path()}/applied`, text("applied"), "Strict"),
      /field not declared in schema|unknown field/,
    );
  },
);
