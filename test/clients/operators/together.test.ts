/** All of them in one server: what is said of the API stays one whole, and goes with them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../../tools/eventually.ts";
import { applications } from "./applications.ts";
import { certificates } from "./certificates.ts";
import { clustersWith, newVersion, oldVersion } from "./clusters.ts";
import { mesh } from "./mesh.ts";
import { monitors } from "./monitors.ts";
import { type Json, OperatorServer } from "./operator-server.ts";
import { structuralFrom } from "./pod-schema.ts";
import { routes } from "./routes.ts";
import type { Definition } from "./schema.ts";
import { workflows } from "./workflows.ts";

/** Every reference in the document, as a path below its root. */
function* references(value: Json): Iterable<string> {
  if (typeof value !== "object" || value === null) return;
  if (typeof value.$ref === "string") yield value.$ref;
  for (const one of Object.values(value)) yield* references(one);
}

const found = (document: Json, reference: string): unknown =>
  reference
    .slice(2)
    .split("/")
    .reduce((place, name) => place?.[name], document);

describe("many operators' definitions", () => {
  let server: OperatorServer;
  let all: Definition[];
  before(async () => {
    server = await OperatorServer.start();
    const core = JSON.parse(await server.raw("/openapi/v3/api/v1")) as Json;
    all = [
      monitors(
        structuralFrom(core, "io.k8s.api.core.v1.PodSpec"),
        structuralFrom(core, "io.k8s.api.core.v1.PersistentVolumeClaimSpec"),
      ),
      certificates({ url: "https://127.0.0.1:1/", caBundle: "" }, "v1"),
      routes,
      clustersWith(newVersion, oldVersion),
      mesh,
      workflows,
      applications,
    ];
    await server.install(...all);
  });
  after(() => server.close());

  const versions = () =>
    all.flatMap(({ spec }) =>
      spec.versions.map(({ name }) => ({
        group: spec.group as string,
        version: name,
        names: spec.names as Json,
      })),
    );

  it("discovery knows every version", async (t) => {
    const start = performance.now();
    for (const { group, version, names } of versions()) {
      const { resources } = JSON.parse(await server.raw(`/apis/${group}/${version}`)) as Json;
      const main = resources.find(({ name }: Json) => name === names.plural);
      assert.equal(main.kind, names.kind);
      assert.deepEqual(main.shortNames ?? [], names.shortNames);
    }
    t.diagnostic(`discovery of ${versions().length} versions: ${Math.round(performance.now() - start)} ms`);
    const listed = await server.kubectl("api-resources --cached=false -o name");
    for (const { names, group } of versions()) assert.ok(listed.includes(`${names.plural}.${group}`), listed);
  });

  it("OpenAPI has a document for each version, in which no reference is lost", async (t) => {
    const { paths } = JSON.parse(await server.raw("/openapi/v3")) as Json;
    for (const { group, version, names } of versions()) {
      const { serverRelativeURL } = paths[`apis/${group}/${version}`];
      const start = performance.now();
      const text = await server.raw(serverRelativeURL);
      t.diagnostic(
        `${group}/${version}: ${text.length} bytes in ${Math.round(performance.now() - start)} ms`,
      );
      const document = JSON.parse(text) as Json;
      for (const reference of new Set(references(document))) assert.ok(found(document, reference), reference);
      assert.ok(document.paths[`/apis/${group}/${version}/namespaces/{namespace}/${names.plural}/{name}`]);
    }
  });

  it("the older document holds them all, beside what is built in", async (t) => {
    const start = performance.now();
    const text = await server.raw("/openapi/v2");
    t.diagnostic(`/openapi/v2: ${text.length} bytes in ${Math.round(performance.now() - start)} ms`);
    const document = JSON.parse(text) as Json;
    for (const reference of new Set(references(document))) assert.ok(found(document, reference), reference);
    for (const { group, version, names } of versions()) {
      const name = `${group.split(".").toReversed().join(".")}.${version}.${names.kind}`;
      const { "x-kubernetes-group-version-kind": kinds } = document.definitions[name];
      assert.deepEqual(kinds, [{ group, kind: names.kind, version }]);
    }
    assert.ok(document.definitions["io.k8s.api.core.v1.Pod"]);
  });

  it("each of them is explained", async () => {
    for (const { group, version, names } of versions()) {
      const explained = await server.kubectl(["explain", names.plural, `--api-version=${group}/${version}`]);
      assert.match(explained, new RegExp(`GROUP: +${group}\nKIND: +${names.kind}\nVERSION: +${version}\n`));
    }
  });

  it("all of them go, and nothing of them stays in any document", async () => {
    await server.kubectl(["delete", "crd", ...all.map(({ metadata }) => metadata.name), "--timeout=180s"]);
    await eventually(async () => {
      const { paths } = JSON.parse(await server.raw("/openapi/v3")) as Json;
      assert.deepEqual(
        Object.keys(paths).filter((path) => path.includes("example.com")),
        [],
      );
      const { definitions } = JSON.parse(await server.raw("/openapi/v2")) as Json;
      assert.deepEqual(
        Object.keys(definitions).filter((name) => name.startsWith("com.example.")),
        [],
      );
      const { groups } = JSON.parse(await server.raw("/apis")) as Json;
      assert.deepEqual(
        groups.filter(({ name }: Json) => name.endsWith("example.com")),
        [],
      );
    });
  });
});
