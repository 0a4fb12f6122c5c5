/** Of every kind that is stored: to apply what was read changes nothing, and takes nothing from whoever wrote it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { resources } from "#api/registry";
import { startHarness } from "#apiserver/harness";
import { VALID, VALID_CLUSTER } from "./objects.ts";

/** Without an example, or written by the server too while they are read. */
const ELSEWHERE = new Set([
  "APIService",
  "CertificateSigningRequest",
  "CustomResourceDefinition",
  "Event",
  "IPAddress",
  "Namespace",
]);

const stored = resources.filter(
  ({ servedByDefault, verbs, kind, storedAs }) =>
    servedByDefault && verbs.includes("patch") && !ELSEWHERE.has(kind) && !storedAs,
);

for (const resource of stored) {
  test(`${resource.apiVersion} ${resource.kind}: applying what was read changes nothing`, async (t) => {
    // Flow schemas would be written by the server too, while they are read.
    const { ask } = await startHarness(t, { priorityAndFairness: false });
    const valid = [...VALID, ...VALID_CLUSTER].find(
      ({ apiVersion, kind }) => apiVersion === resource.apiVersion && kind === resource.kind,
    );
    assert.ok(valid, `there is no example of ${resource.kind}`);
    const root = resource.group === "" ? "/api/v1" : `/apis/${resource.apiVersion}`;
    const place = resource.namespaced ? `${root}/namespaces/default` : root;
    const made = await ask("POST", `${place}/${resource.plural}?fieldManager=maker`, valid);
    assert.equal(made.status, 201, made.text);

    const path = `${place}/${resource.plural}/${valid.metadata.name}`;
    const read = (await ask("GET", path)).json;
    const { managedFields: _, ...metadata } = read.metadata;
    const applied = await ask(
      "PATCH",
      `${path}?fieldManager=reader`,
      { ...read, metadata },
      { "content-type": "application/apply-patch+yaml" },
    );
    assert.equal(applied.status, 200, applied.text);
    const [maker, reader] = [ownersOf(read), ownersOf(applied.json)];
    assert.deepEqual(bare(applied.json), bare(read));
    assert.ok(maker.includes("maker"));
    assert.deepEqual(
      reader.filter((name) => maker.includes(name)),
      maker,
      "the maker still owns what it wrote",
    );

    const again = await ask(
      "PATCH",
      `${path}?fieldManager=reader`,
      { ...read, metadata: { ...metadata, resourceVersion: undefined } },
      { "content-type": "application/apply-patch+yaml" },
    );
    assert.equal(
      again.json.metadata.resourceVersion,
      applied.json.metadata.resourceVersion,
      "nothing was written",
    );
  });
}

interface Read {
  readonly metadata: {
    readonly managedFields?: readonly { readonly manager: string }[];
    readonly resourceVersion: string;
  };
}

const ownersOf = ({ metadata }: Read): string[] =>
  (metadata.managedFields ?? []).map(({ manager }) => manager);

/** Without the bookkeeping of who wrote what, and when. */
function bare(object: Read): object {
  const { managedFields: _, resourceVersion: __, ...metadata } = object.metadata;
  return { ...object, metadata };
}
