/**
 * Single steps of server-side apply, with what the reference implementation (`structured-merge-diff` 4.1.2, as Debian
 * packages it) makes of them. A seeded generator drew objects from the schemas that the server publishes for its kinds
 * and from three versions of a custom one, applied, forced and updated them by several managers, and a small program
 * around the reference answered each step: the merged object, who owns what in it, the conflicts, or what is wrong.
 * Steps about which newer releases of the reference have changed their mind are left out: where items stand that only
 * one list has, items that are there twice, and which version is asked first.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { resources } from "#api/registry";
import { customResource } from "#apiserver/custom/kind";
import { applyAcrossVersions, applyServerSide } from "#machinery/apply/apply";
import { wholeNode } from "#machinery/apply/struct-node";
import { trackUpdate, trackUpdateAcross } from "#machinery/apply/track-update";
import { shapeProblem } from "#machinery/apply/shape-problem";
import { hasOtherVersions, type Versions } from "#machinery/apply/versions";
import { decodeJson } from "#machinery/derive/json";
import type { AnyManagedFields, AnyObject, JsonSchema, Resource } from "#machinery/schema";
import { StatusError } from "#machinery/status";

type Json = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, readonly [apiVersion: string, fields: Json]>>;

interface Step {
  /** Versions that there are, with the custom kind's schema in each. */
  readonly types: Readonly<Record<string, string>>;
  readonly op: "apply" | "force" | "update";
  readonly manager: string;
  readonly version: string;
  readonly live: AnyObject;
  readonly object: AnyObject;
  readonly managers: readonly (readonly [string, string, string, Json])[];
  readonly answer: Answer;
}

interface Answer {
  readonly error?: string;
  readonly conflicts?: readonly (readonly [manager: string, path: string])[];
  /** Nothing but owners has changed. */
  readonly same?: true;
  readonly object?: AnyObject;
  readonly managers?: Fields;
}

const file = new URL("apply-reference.jsonl", import.meta.url);
const [head, ...steps] = readFileSync(file, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as unknown) as [{ schemas: Record<string, JsonSchema> }, ...Step[]];

const widgets = new Map(
  Object.entries(head.schemas).map(([name, openAPIV3Schema]) => {
    const names = { kind: "Widget", plural: "widgets" };
    const version = { name, storage: true, served: true, schema: { openAPIV3Schema } };
    const definition = { spec: { group: "test", scope: "Namespaced", names, versions: [version] } };
    return [name, customResource(definition as never, names as never, version as never, false)];
  }),
);

function resourceIn({ types, live }: Step, apiVersion: string): Resource | undefined {
  const widget = widgets.get(types[apiVersion] ?? "");
  if (widget) return { ...widget, apiVersion };
  return resources.find((one) => one.apiVersion === apiVersion && one.kind === live.kind);
}

const NOW = "2026-01-01T00:00:00Z";
const identity = (manager: string, operation: string, apiVersion: string): string =>
  `${manager}|${operation}|${operation === "Apply" ? "" : apiVersion}`;

async function ours(step: Step): Promise<Answer> {
  const resource = resourceIn(step, step.version)!;
  const { op, object, manager } = step;
  const problem = op === "update" ? undefined : shapeProblem(wholeNode(resource.schema), object as never);
  if (problem !== undefined) return { error: problem };
  const managedFields = step.managers.map(([name, operation, apiVersion, fieldsV1]) => ({
    manager: name,
    operation,
    apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1,
  }));
  // What nobody owns is not the matter here: as if it were there with nothing said.
  const uid = managedFields.length > 0 ? { uid: "1" } : {};
  const live = { ...step.live, metadata: { ...step.live.metadata, ...uid, managedFields } } as AnyObject;
  const empty = managedFields.length > 0 ? bare(resource) : live;
  const isAcross = hasOtherVersions(managedFields, resource.apiVersion);
  const versions: Versions = {
    resource: (apiVersion) => (apiVersion in step.types ? resourceIn(step, apiVersion) : undefined),
    convert: (objects, to) => Promise.resolve(objects.map((one) => ({ ...one, apiVersion: to.apiVersion }))),
  };
  if (op === "update") {
    const after = { ...object, metadata: { ...object.metadata, ...uid } } as AnyObject;
    const update = { resource, before: live, after, manager, subresource: "", now: NOW };
    const fail = (apiVersion: string) => assert.fail(apiVersion);
    const owners = isAcross ? await trackUpdateAcross(update, versions, fail) : trackUpdate(update);
    return { object, managers: fieldsOf(owners) };
  }
  const request = {
    resource,
    live,
    empty,
    applied: object as never,
    manager,
    subresource: "",
    force: op === "force",
    now: NOW,
    canonical: (merged: unknown) => merged as AnyObject,
  };
  try {
    const made = isAcross ? await applyAcrossVersions(request, versions) : applyServerSide(request);
    return { object: made.object, managers: fieldsOf(made.managedFields) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { conflicts: (error.status.details?.causes ?? []).map(({ field }) => ["", field ?? ""]) };
  }
}

const bare = ({ apiVersion, kind }: Resource): AnyObject =>
  ({ apiVersion, kind, metadata: {} }) as unknown as AnyObject;

const fieldsOf = (entries: readonly AnyManagedFields[]): Fields =>
  Object.fromEntries(
    entries.map(({ manager, operation, apiVersion, fieldsV1 }) => [
      identity(manager ?? "", operation ?? "", apiVersion ?? ""),
      [apiVersion ?? "", fieldsV1 as Json],
    ]),
  );

/** As stored, without bookkeeping, and with lists in one order. */
function plain(step: Step, object: AnyObject): unknown {
  const { uid: _, managedFields: __, ...metadata } = (object.metadata ?? {}) as unknown as Json;
  const { schema } = resourceIn(step, step.version)!;
  const { apiVersion: ___, ...rest } = decodeJson<AnyObject>(schema, { ...object, metadata });
  return inOneOrder(rest);
}

function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => [JSON.stringify(inOneOrder(item)), inOneOrder(item)] as const);
    return items.toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, item]) => item);
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, inOneOrder(member)]));
}

const kinds = Map.groupBy(steps, ({ live, version }) => `${version} ${live.kind}`);

for (const [kind, ofKind] of kinds) {
  test(`${kind}: ${ofKind.length} steps of apply are what the reference makes of them`, async () => {
    for (const step of ofKind) {
      const { answer } = step;
      const own = await ours(step);
      const what = JSON.stringify(step);
      assert.equal(own.error, answer.error, what);
      assert.deepEqual(pathsIn(own), pathsIn(answer), what);
      if (answer.error !== undefined || answer.conflicts) continue;
      assert.deepEqual(plain(step, own.object!), plain(step, answer.object ?? step.live), what);
      assert.deepEqual(own.managers, answer.managers, what);
    }
  });
}

const pathsIn = ({ conflicts = [] }: Answer): string[] => conflicts.map(([, path]) => path).toSorted();
