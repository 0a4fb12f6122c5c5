import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AnyObject,
  int32,
  list,
  map,
  quantity,
  type Resource,
  ref,
  resource,
  string,
  struct,
  value,
  json,
} from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { JsonObject } from "../patch/merge-patch.ts";
import { applyServerSide } from "./apply.ts";
import { trackUpdate } from "./track-update.ts";

const Meta = struct("test.v1.Meta", {
  name: string(1).assigned(),
  uid: string(5).assigned(),
  resourceVersion: string(6).assigned(),
  creationTimestamp: string(8).assigned(),
  labels: map(11, string),
  finalizers: list(14, string).mergedSet(),
  managedFields: list(17, struct("test.v1.Entry", { fieldsV1: json(7) })).atomic(),
});
const Port = struct("test.v1.Port", {
  port: int32(1).required(),
  protocol: string(2).default("TCP"),
  name: string(3),
});
const Container = struct("test.v1.Container", {
  name: string(1).required(),
  image: string(2),
  args: list(3, string),
  ports: list(4, Port).keyedBy("port", "protocol"),
});
const Rolling = struct("test.v1.Rolling", { surge: int32(1) });
const Spec = struct("test.v1.Spec", {
  replicas: int32(1).pointer(),
  containers: list(2, Container).mergedBy("name"),
  rolling: ref(3, Rolling),
});
const Thing = resource({
  apiVersion: "test/v1",
  kind: "Thing",
  plural: "things",
  namespaced: true,
  metadata: Meta,
  spec: Spec,
  status: struct("test.v1.Status", { ready: int32(1) }),
  fields: { selector: value(4, struct("test.v1.Selector", { app: string(1) })).atomic() },
});

const EMPTY_THING = { apiVersion: "test/v1", kind: "Thing", metadata: { name: "x" }, spec: {}, status: {} };
const NOW = "2026-01-01T00:00:00Z";

/** Applies a chain of configurations; each step is [manager, configuration, force]. */
function chain(...steps: [manager: string, applied: JsonObject, force?: boolean][]): JsonObject {
  let live: JsonObject = EMPTY_THING;
  for (const [manager, applied, force = false] of steps) {
    const { object, managedFields } = applyServerSide({
      resource: Thing,
      live: live as unknown as AnyObject,
      empty: EMPTY_THING as unknown as AnyObject,
      applied: { apiVersion: "test/v1", kind: "Thing", ...applied },
      manager,
      subresource: "",
      force,
      ignored: ["status"],
      now: NOW,
      canonical: (merged) => merged as AnyObject,
    });
    live = { ...object, metadata: { ...object.metadata, managedFields } } as unknown as JsonObject;
  }
  return live;
}

const owned = (object: JsonObject): Record<string, unknown> => {
  const { managedFields } = object.metadata as { managedFields: { manager: string; fieldsV1: unknown }[] };
  return Object.fromEntries(managedFields.map((entry) => [entry.manager, entry.fieldsV1]));
};

test("apply owns leaves, items of keyed lists with their defaulted keys, and values of sets", () => {
  const object = chain([
    "me",
    {
      metadata: { name: "x", labels: { app: "a" }, finalizers: ["f/x"] },
      spec: { replicas: 1, containers: [{ name: "web", image: "1", ports: [{ port: 80 }] }] },
      selector: { app: "a" },
    },
  ]);
  assert.deepEqual(owned(object), {
    me: {
      "f:metadata": { "f:finalizers": { 'v:"f/x"': {} }, "f:labels": { "f:app": {} } },
      "f:selector": {},
      "f:spec": {
        "f:containers": {
          'k:{"name":"web"}': {
            ".": {},
            "f:image": {},
            "f:name": {},
            "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
          },
        },
        "f:replicas": {},
      },
    },
  });
});

test("fields of structs that have lost everything that was in them go as well", () => {
  const containers = (image: object) => [{ name: "web", ...image }];
  const object = chain(
    [
      "me",
      {
        metadata: { labels: { a: "1" } },
        spec: { replicas: 1, containers: containers({ ports: [{ port: 80 }] }), rolling: { surge: 1 } },
      },
    ],
    ["you", { spec: { containers: containers({}) } }],
    ["me", { spec: { replicas: 1 } }],
  );
  const { metadata, spec } = object as { metadata: JsonObject; spec: JsonObject };
  assert.deepEqual(Object.keys(metadata), ["name", "managedFields"]);
  assert.deepEqual(spec, { replicas: 1, containers: [{ name: "web" }] });
});

test("apply removes what its manager no longer names, and keeps what others own", () => {
  const object = chain(
    [
      "me",
      {
        metadata: { labels: { a: "1", b: "2" } },
        spec: {
          containers: [
            { name: "web", image: "1" },
            { name: "log", image: "1" },
          ],
        },
      },
    ],
    ["you", { metadata: { labels: { b: "2" } }, spec: { containers: [{ name: "log", args: ["-v"] }] } }],
    ["me", { metadata: {}, spec: { containers: [{ name: "web", image: "2" }] } }],
  );
  assert.deepEqual((object.metadata as JsonObject).labels, { b: "2" });
  assert.deepEqual((object.spec as JsonObject).containers, [
    { name: "web", image: "2" },
    { name: "log", args: ["-v"] },
  ]);
});

test("apply of another value is a conflict that names manager and field", () => {
  const run = () => chain(["me", { spec: { replicas: 1 } }], ["you", { spec: { replicas: 2 } }]);
  assert.throws(run, (error) => {
    assert.ok(error instanceof StatusError);
    assert.equal(error.code, 409);
    assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "me": .spec.replicas');
    assert.deepEqual(error.status.details?.causes, [
      { reason: "FieldManagerConflict", message: 'conflict with "me"', field: ".spec.replicas" },
    ]);
    return true;
  });
});

test("several conflicts are listed by manager", () => {
  const run = () =>
    chain(
      ["me", { spec: { replicas: 1, containers: [{ name: "web", image: "1" }] } }],
      ["you", { spec: { replicas: 2, containers: [{ name: "web", image: "2" }] } }],
    );
  assert.throws(run, {
    message:
      'Apply failed with 2 conflicts: conflicts with "me":\n- .spec.replicas\n- .spec.containers[name="web"].image',
  });
});

test("the same value is shared; force takes another one over", () => {
  const shared = chain(["me", { spec: { replicas: 1 } }], ["you", { spec: { replicas: 1 } }]);
  // Who says what is there already has written nothing: there is no moment, and no moment comes first.
  assert.deepEqual(Object.keys(owned(shared)), ["you", "me"]);
  const forced = chain(["me", { spec: { replicas: 1 } }], ["you", { spec: { replicas: 2 } }, true]);
  assert.deepEqual(owned(forced), { you: { "f:spec": { "f:replicas": {} } } });
  assert.equal((forced.spec as JsonObject).replicas, 2);
});

test("what an endpoint does not write is neither merged nor owned", () => {
  const object = chain(["me", { spec: { replicas: 1 }, status: { ready: 3 } }]);
  assert.deepEqual(object.status, {});
  assert.deepEqual(owned(object), { me: { "f:spec": { "f:replicas": {} } } });
});

test("applied items take the applied order, others keep their place", () => {
  const names = (...list: string[]) => ({ spec: { containers: list.map((name) => ({ name })) } });
  const object = chain(["me", names("a", "b")], ["you", names("c", "b")], ["me", names("b", "a")]);
  assert.deepEqual((object.spec as JsonObject).containers, [{ name: "c" }, { name: "b" }, { name: "a" }]);
});

const tracked = (before: JsonObject, after: JsonObject, manager = "kubectl"): JsonObject => {
  const [old, next] = [before, after] as unknown as AnyObject[];
  const managedFields = trackUpdate({
    resource: Thing,
    before: old!,
    after: next!,
    manager,
    subresource: "",
    now: NOW,
  });
  return { ...after, metadata: { ...(after.metadata as JsonObject), managedFields } };
};

test("a create owns what it brought, containers included", () => {
  const object = tracked(EMPTY_THING, {
    ...EMPTY_THING,
    metadata: { name: "x", uid: "1", labels: { app: "a" } },
    spec: { replicas: 1, rolling: { surge: 1 } },
  });
  assert.deepEqual(owned(object), {
    kubectl: {
      "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
      "f:spec": { "f:replicas": {}, "f:rolling": { ".": {}, "f:surge": {} } },
    },
  });
});

test("an update takes what it changes from appliers, who then conflict", () => {
  const applied = chain(["me", { spec: { replicas: 1 }, metadata: { labels: { a: "1" } } }]);
  const updated = tracked(applied, { ...applied, spec: { replicas: 5 } }, "scaler");
  assert.deepEqual(owned(updated), {
    me: { "f:metadata": { "f:labels": { "f:a": {} } } },
    scaler: { "f:spec": { "f:replicas": {} } },
  });
});

test("what an update removes belongs to nobody; an update of nothing changes no entry", () => {
  const first = tracked(EMPTY_THING, { ...EMPTY_THING, spec: { replicas: 1, rolling: { surge: 1 } } });
  const second = tracked(first, { ...first, spec: { replicas: 1 } }, "other");
  assert.deepEqual(owned(second), { kubectl: { "f:spec": { "f:replicas": {} } } });
  const third = tracked(second, { ...second }, "third");
  assert.equal((third.metadata as JsonObject).managedFields, (second.metadata as JsonObject).managedFields);
});

test("many updaters are folded into the oldest", () => {
  let object: JsonObject = EMPTY_THING;
  for (let index = 0; index < 12; index++) {
    const labels = {
      ...((object.metadata as JsonObject).labels as JsonObject | undefined),
      [`l${index}`]: "1",
    };
    object = tracked(
      object,
      { ...object, metadata: { ...(object.metadata as JsonObject), labels } },
      `m${index}`,
    );
  }
  const owners = Object.keys(owned(object));
  assert.equal(owners.length, 10);
  assert.ok(owners.includes("ancient-changes"));
});

test("an object that nobody is known to own is not tracked, until somebody applies to it", () => {
  const uid = { name: "x", uid: "1" };
  const before = { ...EMPTY_THING, metadata: uid, spec: { replicas: 1 } };
  const after = tracked(before, { ...before, spec: { replicas: 2 } });
  assert.deepEqual((after.metadata as JsonObject).managedFields, []);
  const { managedFields } = applyServerSide({
    resource: Thing,
    live: { ...before, metadata: { ...uid, labels: { a: "1" } } } as unknown as AnyObject,
    empty: EMPTY_THING as unknown as AnyObject,
    applied: { apiVersion: "test/v1", kind: "Thing", metadata: { labels: { b: "1" } } },
    manager: "me",
    subresource: "",
    force: false,
    now: NOW,
    canonical: (merged) => merged as AnyObject,
  });
  assert.deepEqual(
    managedFields.map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
    [
      ["me", { "f:metadata": { "f:labels": { "f:b": {} } } }],
      [
        "before-first-apply",
        { "f:metadata": { "f:labels": { ".": {}, "f:a": {} } }, "f:spec": { "f:replicas": {} } },
      ],
    ],
  );
});

test("a value that says the same in other words is another one", () => {
  const Amount = struct("test.v1.AmountSpec", { amount: quantity(1) });
  const Purse = resource({
    apiVersion: "test/v1",
    kind: "Purse",
    plural: "purses",
    namespaced: true,
    metadata: Meta,
    spec: Amount,
  });
  const live = { apiVersion: "test/v1", kind: "Purse", metadata: { name: "x" }, spec: { amount: "1" } };
  const apply = (from: object, manager: string, amount: string) =>
    applyServerSide({
      resource: Purse,
      live: from as AnyObject,
      empty: { ...live, spec: {} } as unknown as AnyObject,
      applied: { apiVersion: "test/v1", kind: "Purse", spec: { amount } },
      manager,
      subresource: "",
      force: false,
      now: NOW,
      canonical: (merged) => ({ ...(merged as typeof live), spec: { amount: "1" } }) as unknown as AnyObject,
    });
  assert.throws(
    () => apply(live, "me", "1000m"),
    /conflict with "before-first-apply" using test\/v1: .spec.amount/,
  );
  const own = apply({ ...live, spec: {} }, "me", "1000m");
  const first = {
    ...live,
    metadata: {
      ...live.metadata,
      managedFields: own.managedFields.map((entry) => ({ ...entry, time: "2025-01-01T00:00:00Z" })),
    },
  };
  const again = apply(first, "me", "1000m");
  assert.equal(again.managedFields[0]?.time, "2025-01-01T00:00:00Z", "nothing has been written");
});

test("only who takes something has written just now", () => {
  const before = tracked(EMPTY_THING, { ...EMPTY_THING, spec: { replicas: 1, rolling: { surge: 1 } } });
  const metadata = before.metadata as { managedFields: JsonObject[] };
  const old = {
    ...before,
    metadata: {
      ...metadata,
      managedFields: metadata.managedFields.map((entry) => ({ ...entry, time: "2025-01-01T00:00:00Z" })),
    },
  };
  const times = (object: JsonObject) =>
    (object.metadata as { managedFields: JsonObject[] }).managedFields.map(({ time }) => time);
  assert.deepEqual(times(tracked(old, { ...old, spec: { replicas: 1 } })), ["2025-01-01T00:00:00Z"]);
  assert.deepEqual(times(tracked(old, { ...old, spec: { replicas: 2 } })), [NOW]);
});

test("keys are printed in the order of their numbers", () => {
  const ports = [{ port: 443 }, { port: 80 }, { port: 8080 }];
  const object = chain(["me", { spec: { containers: [{ name: "web", ports }] } }]);
  const text = JSON.stringify(owned(object));
  const places = [80, 443, 8080].map((port) => text.indexOf(`\\"port\\":${port},`));
  assert.ok(places.every((place) => place > 0));
  assert.deepEqual(
    places,
    places.toSorted((one, other) => one - other),
  );
});

test("who owned part of what has become one value owns all of it", () => {
  const Parts = struct("test.v1.Parts", { a: int32(1), b: int32(2) });
  const kind = (isOne: boolean) =>
    resource({
      apiVersion: "test/v1",
      kind: "Whole",
      plural: "wholes",
      namespaced: true,
      metadata: Meta,
      spec: struct("test.v1.WholeSpec", {
        parts: isOne ? value(1, Parts).atomic() : value(1, Parts),
        other: int32(2),
      }),
    });
  const before = { apiVersion: "test/v1", kind: "Whole", metadata: { name: "x" }, spec: {} };
  const first = { ...before, spec: { parts: { a: 1 } } };
  const track = (resourceNow: Resource, old: object, next: object) =>
    trackUpdate({
      resource: resourceNow,
      before: old as AnyObject,
      after: next as AnyObject,
      manager: "me",
      subresource: "",
      now: NOW,
    });
  const managedFields = track(kind(false), before, first);
  const stored = { ...first, metadata: { ...first.metadata, managedFields } };
  assert.deepEqual(managedFields[0]?.fieldsV1, { "f:spec": { "f:parts": { ".": {}, "f:a": {} } } });
  const later = track(kind(true), stored, { ...stored, spec: { parts: { a: 1 }, other: 2 } });
  assert.deepEqual(later[0]?.fieldsV1, { "f:spec": { "f:other": {}, "f:parts": {} } });
});

test("elements are written as Go writes them, and read by people", () => {
  const spec = { containers: [{ name: "a<b>&" }] };
  const object = chain(["me", { metadata: { finalizers: ["<&\u2028"] }, spec }]);
  assert.deepEqual(owned(object), {
    me: {
      "f:metadata": { "f:finalizers": { 'v:"\\u003c\\u0026\\u2028"': {} } },
      "f:spec": { "f:containers": { 'k:{"name":"a\\u003cb\\u003e\\u0026"}': { ".": {}, "f:name": {} } } },
    },
  });
  const image = (text: string) => ({ spec: { containers: [{ name: "a<b>&", image: text }] } });
  assert.throws(() => chain(["me", image("1")], ["you", image("2")]), {
    message: 'Apply failed with 1 conflict: conflict with "me": .spec.containers[name="a<b>&"].image',
  });
});
