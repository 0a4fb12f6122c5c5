import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { V1JSONSchemaProps } from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { type CustomKind, makeCustomKind, OPEN_SCHEMA } from "../custom-kind.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly type?: string;
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

const SCHEMA: V1JSONSchemaProps = {
  type: "object",
  description: "A shop for widgets.",
  properties: {
    spec: {
      type: "object",
      description: "What is wanted of the shop.",
      required: ["size"],
      properties: {
        size: { type: "integer", description: "How many it holds.", minimum: 1 },
        bars: {
          type: "array",
          description: "Bars and their ages.",
          items: {
            type: "object",
            required: ["name"],
            properties: {
              name: { type: "string", description: "Name of the bar." },
              age: { type: "string" },
            },
          },
        },
      },
    },
    status: { type: "object", description: "What is.", properties: { ready: { type: "boolean" } } },
  },
};

/** The schema of a kind as OpenAPI v2 has it. */
async function publishedV2({ raw }: ConformanceContext, { group, kind }: CustomKind, version: string) {
  const answer = await raw("GET", "/openapi/v2");
  assert.equal(answer.code, 200);
  const { definitions } = answer.json<{ definitions: Record<string, Schema> }>();
  return Object.values(definitions).find((schema) =>
    schema["x-kubernetes-group-version-kind"]?.some(
      (each) => each.group === group && each.kind === kind && each.version === version,
    ),
  );
}

/** The same in OpenAPI v3, a document for each group and version. */
async function publishedV3({ raw }: ConformanceContext, { group, kind }: CustomKind, version: string) {
  const answer = await raw("GET", `/openapi/v3/apis/${group}/${version}`);
  if (answer.code === 404) return undefined;
  assert.equal(answer.code, 200);
  const { components } = answer.json<{ components: { schemas: Record<string, Schema> } }>();
  return Object.values(components.schemas).find((schema) =>
    schema["x-kubernetes-group-version-kind"]?.some(
      (each) => each.group === group && each.kind === kind && each.version === version,
    ),
  );
}

/** Resolves when both documents have the kind; gives the newer one's schema. */
const untilPublished = (context: ConformanceContext, kind: CustomKind, version = kind.version) =>
  eventually(async () => {
    assert.ok(await publishedV2(context, kind, version), `${kind.kind} ${version} in OpenAPI v2`);
    const schema = await publishedV3(context, kind, version);
    assert.ok(schema, `${kind.kind} ${version} in OpenAPI v3`);
    return schema;
  });

const untilWithdrawn = (context: ConformanceContext, kind: CustomKind, version: string) =>
  eventually(async () => {
    assert.equal(await publishedV2(context, kind, version), undefined);
    assert.equal(await publishedV3(context, kind, version), undefined);
  });

/** kubectl create and then apply of an object. */
async function createAndApply({ kubectl }: ConformanceContext, object: object): Promise<void> {
  const text = JSON.stringify(object);
  for (const verb of ["create", "delete", "apply", "delete"]) {
    const { code, stderr } = await kubectl([verb, "-f", "-"], text);
    assert.equal(code, 0, `kubectl ${verb}: ${stderr}`);
  }
}

/** Asserts that kubectl does not send it, or that the server refuses it, for this reason. */
async function isRefused({ kubectl }: ConformanceContext, object: object, why: RegExp): Promise<void> {
  for (const verb of ["create", "apply"]) {
    const { code, stderr } = await kubectl([verb, "-f", "-"], JSON.stringify(object));
    assert.notEqual(code, 0, `kubectl ${verb} fails`);
    assert.match(stderr, why);
  }
}

async function explain({ kubectl }: ConformanceContext, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(["explain", ...words]);
  assert.equal(code, 0, stderr);
  return stripVTControlCharacters(stdout);
}

const versioned = (...names: string[]) =>
  names.map((name) => ({ name, schema: { openAPIV3Schema: SCHEMA } }));

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]",
  async (context) => {
    const kind = await makeCustomKind(context, { versions: versioned("v1") });
    const schema = await untilPublished(context, kind);
    assert.equal(schema.description, "A shop for widgets.");
    assert.deepEqual(schema.properties?.spec?.required, ["size"]);
    assert.equal(schema.properties.spec.properties?.size?.type, "integer");
    // What every object has is described too.
    for (const name of ["apiVersion", "kind", "metadata"])
      assert.ok(schema.properties[name]?.description, `${name} is described`);

    await createAndApply(
      context,
      kind.object("shop", { spec: { size: 3, bars: [{ name: "one", age: "10" }] } }),
    );
    await isRefused(
      context,
      kind.object("shop", { spec: { size: 3, colour: "red" } }),
      /unknown field "spec.colour"/,
    );
    await isRefused(context, kind.object("shop", { spec: { bars: [] } }), /spec.size: Required value/);
    const nameless = kind.object("shop", { spec: { size: 1, bars: [{ age: "10" }] } });
    await isRefused(context, nameless, /spec.bars\[0\].name: Required value/);

    const { plural } = kind;
    const top = await explain(context, `${plural}.${kind.group}`);
    assert.match(top, /KIND: +Widget/);
    assert.match(top, /A shop for widgets\./);
    assert.match(top, /spec\t<Object>\n\s+What is wanted of the shop\./);
    assert.match(
      await explain(context, `${plural}.metadata`, `--api-version=${kind.group}/v1`),
      /resourceVersion/,
    );
    assert.match(
      await explain(context, `${plural}.spec`, `--api-version=${kind.group}/v1`),
      /size\t<integer> -required-/,
    );
    const bars = await explain(context, `${plural}.spec.bars`, `--api-version=${kind.group}/v1`);
    assert.match(bars, /FIELD: bars <\[\]Object>/);
    assert.match(bars, /Name of the bar\./);
    const none = await context.kubectl([
      "explain",
      `${plural}.spec.nothing`,
      `--api-version=${kind.group}/v1`,
    ]);
    assert.notEqual(none.code, 0);
    assert.match(none.stderr, /field "nothing" does not exist/);
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema [Conformance]",
  async (context) => {
    const kind = await makeCustomKind(context, {
      versions: [{ name: "v1", schema: { openAPIV3Schema: OPEN_SCHEMA } }],
    });
    const schema = await untilPublished(context, kind);
    assert.equal(schema.type, "object");
    assert.equal(schema["x-kubernetes-preserve-unknown-fields"], true);
    await createAndApply(context, kind.object("any", { a: { b: ["c"] }, spec: "text" }));
    assert.match(await explain(context, `${kind.plural}.${kind.group}`), /KIND: +Widget/);
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root [Conformance]",
  async (context) => {
    const openAPIV3Schema = { ...SCHEMA, x_kubernetes_preserve_unknown_fields: true };
    const kind = await makeCustomKind(context, { versions: [{ name: "v1", schema: { openAPIV3Schema } }] });
    await untilPublished(context, kind);
    await createAndApply(context, kind.object("open", { anything: { deep: [1, "2"] }, spec: { size: 1 } }));
    const created = await kind.create("kept", { anything: { deep: [1, "2"] }, spec: { size: 1 } });
    assert.deepEqual(created.anything, { deep: [1, "2"] });
    // What is described holds all the same.
    await isRefused(context, kind.object("bad", { spec: { size: "many" } }), /spec.size/);
    assert.match(await explain(context, `${kind.plural}.${kind.group}`), /A shop for widgets\./);
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object [Conformance]",
  async (context) => {
    const openAPIV3Schema: V1JSONSchemaProps = {
      type: "object",
      properties: {
        spec: {
          type: "object",
          description: "Open to everything.",
          x_kubernetes_preserve_unknown_fields: true,
        },
        status: { type: "object", properties: { ready: { type: "boolean" } } },
      },
    };
    const kind = await makeCustomKind(context, { versions: [{ name: "v1", schema: { openAPIV3Schema } }] });
    const schema = await untilPublished(context, kind);
    assert.equal(schema.properties?.spec?.["x-kubernetes-preserve-unknown-fields"], true);
    await createAndApply(context, kind.object("open", { spec: { a: 1, b: { c: [] } } }));
    await isRefused(context, kind.object("closed", { elsewhere: 1 }), /unknown field "elsewhere"/);
    assert.match(
      await explain(context, `${kind.plural}.spec`, `--api-version=${kind.group}/v1`),
      /Open to everything\./,
    );
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups [Conformance]",
  async (context) => {
    const one = await makeCustomKind(context, { versions: versioned("v1") });
    const other = await makeCustomKind(context, { versions: versioned("v1") });
    assert.notEqual(one.group, other.group);
    for (const kind of [one, other]) {
      assert.equal((await untilPublished(context, kind)).description, "A shop for widgets.");
      await createAndApply(context, kind.object("a", { spec: { size: 1 } }));
    }
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds [Conformance]",
  async (context) => {
    const group = `${context.unique("g")}.example.com`;
    const one = await makeCustomKind(context, { group, kind: "Apple", versions: versioned("v1") });
    const other = await makeCustomKind(context, {
      group,
      kind: "Pear",
      versions: [{ name: "v1", schema: { openAPIV3Schema: { ...SCHEMA, description: "A pear." } } }],
    });
    assert.equal((await untilPublished(context, one)).description, "A shop for widgets.");
    assert.equal((await untilPublished(context, other)).description, "A pear.");
    for (const kind of [one, other]) await createAndApply(context, kind.object("a", { spec: { size: 1 } }));
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions [Conformance]",
  async (context) => {
    // Two versions of one definition.
    const both = await makeCustomKind(context, { versions: versioned("v2", "v3") });
    for (const version of ["v2", "v3"]) await untilPublished(context, both, version);
    // And two definitions.
    const group = `${context.unique("g")}.example.com`;
    const one = await makeCustomKind(context, { group, kind: "Apple", versions: versioned("v4") });
    const other = await makeCustomKind(context, { group, kind: "Pear", versions: versioned("v5") });
    await untilPublished(context, one);
    await untilPublished(context, other);
    assert.equal(await publishedV3(context, one, "v5"), undefined);
    assert.equal(await publishedV3(context, other, "v4"), undefined);
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed [Conformance]",
  async (context) => {
    const kind = await makeCustomKind(context, { versions: versioned("v2", "v3") });
    const untouched = await untilPublished(context, kind, "v2");
    await untilPublished(context, kind, "v3");
    await kind.define(({ spec }) => (spec.versions[1]!.name = "v4"));
    await untilPublished(context, kind, "v4");
    await untilWithdrawn(context, kind, "v3");
    assert.deepEqual(await publishedV3(context, kind, "v2"), untouched);
  },
);

conformance(
  "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served [Conformance]",
  async (context) => {
    const kind = await makeCustomKind(context, { versions: versioned("v5", "v6alpha1") });
    const untouched = await untilPublished(context, kind, "v5");
    await untilPublished(context, kind, "v6alpha1");
    await kind.define(({ spec }) => (spec.versions[1]!.served = false));
    await untilWithdrawn(context, kind, "v6alpha1");
    assert.deepEqual(await publishedV3(context, kind, "v5"), untouched);
    assert.equal((await context.raw("GET", kind.path("v6alpha1"))).code, 404);
  },
);
