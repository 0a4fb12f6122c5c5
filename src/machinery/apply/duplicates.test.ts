/** Lists that say an item twice: no apply may, but updates do, and what they made has to be lived with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { Pod } from "#api/core-v1/pod";
import type { AnyObject, Resource } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { JsonObject } from "../patch/merge-patch.ts";
import { applyServerSide } from "./apply.ts";
import { mergeApplied } from "./merge.ts";
import { rootNode, wholeNode } from "./struct-node.ts";
import { trackUpdate } from "./track-update.ts";
import { shapeProblem } from "./shape-problem.ts";

const pod = Pod as unknown as Resource;
const EMPTY = { apiVersion: "v1", kind: "Pod", metadata: {} } as unknown as AnyObject;
const named = (...items: [name: string, value: string][]) => items.map(([name, value]) => ({ name, value }));

const podWith = (env: readonly object[], metadata: object = { uid: "1" }): AnyObject =>
  ({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "web", env }] } }) as never;

function updated(before: AnyObject, env: readonly object[], manager: string): AnyObject {
  const after = podWith(env);
  const now = "2026-01-01T00:00:00Z";
  const managedFields = trackUpdate({ resource: pod, before, after, manager, subresource: "", now });
  return podWith(env, { uid: "1", managedFields });
}

const created = (...items: [string, string][]) => updated(EMPTY, named(...items), "one");

function applied(live: AnyObject, env: readonly object[], force = false): AnyObject {
  const { object, managedFields } = applyServerSide({
    resource: pod,
    live,
    empty: EMPTY,
    applied: podWith(env, {}) as never,
    manager: "applier",
    subresource: "",
    force,
    now: "2026-01-01T00:00:00Z",
    canonical: (merged) => merged as AnyObject,
  });
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

const envOf = (object: AnyObject) => {
  const { spec } = object as unknown as {
    spec: { containers: [{ env: { name: string; value: string }[] }] };
  };
  return spec.containers[0].env.map(({ name, value }) => `${name}=${value}`).join(" ");
};

/** Manager to what it has of the list. */
const owned = ({ metadata }: AnyObject) =>
  Object.fromEntries(
    (metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => {
      const { "f:spec": spec } = fieldsV1 as Record<string, Record<string, Record<string, JsonObject>>>;
      const env = spec?.["f:containers"]?.['k:{"name":"web"}']?.["f:env"] as JsonObject | undefined;
      return [
        manager,
        Object.fromEntries(
          Object.entries(env ?? {}).map(([key, fields]) => [key, Object.keys(fields as object).join(" ")]),
        ),
      ];
    }),
  );

const KEY_A = 'k:{"name":"a"}';
const KEY_B = 'k:{"name":"b"}';
const WHOLE = ". f:name f:value";

test("what is there twice is owned as one", () => {
  const object = created(["a", "1"], ["a", "2"], ["b", "3"]);
  assert.deepEqual(owned(object), { one: { ".": "", [KEY_A]: "", [KEY_B]: WHOLE } });
});

test("who changes one of the two owns both", () => {
  const object = updated(
    created(["a", "1"], ["a", "2"], ["b", "3"]),
    named(["a", "1"], ["a", "4"], ["b", "3"]),
    "two",
  );
  assert.deepEqual(owned(object), { one: { ".": "", [KEY_B]: WHOLE }, two: { [KEY_A]: "" } });
});

test("who adds the second owns both", () => {
  const object = updated(created(["a", "1"], ["b", "3"]), named(["a", "1"], ["a", "2"], ["b", "3"]), "two");
  assert.deepEqual(owned(object), { one: { ".": "", [KEY_B]: WHOLE }, two: { [KEY_A]: "" } });
});

test("who takes the second away owns what is left of it", () => {
  const object = updated(created(["a", "1"], ["a", "2"]), named(["a", "1"]), "two");
  assert.deepEqual(owned(object), { one: {}, two: { [KEY_A]: WHOLE } });
});

test("an apply of the item becomes the only one, by force; others stay as they are", () => {
  const live = created(["a", "1"], ["a", "2"], ["b", "3"]);
  assert.throws(
    () => applied(live, named(["a", "2"])),
    (error: StatusError) =>
      error.message ===
      'Apply failed with 1 conflict: conflict with "one" using v1: .spec.containers[name="web"].env[name="a"]',
  );
  const forced = applied(live, named(["a", "3"]), true);
  assert.equal(envOf(forced), "a=3 b=3");
  assert.deepEqual(owned(forced), {
    applier: { [KEY_A]: WHOLE },
    one: { ".": "", [KEY_B]: WHOLE },
  });
  assert.equal(envOf(applied(live, named(["b", "4"]), true)), "a=1 a=2 b=4");
});

test("who no longer names what has come to be there twice takes none of it away", () => {
  const first = applied(EMPTY, named(["a", "1"], ["b", "3"]));
  const doubled = updated(first, named(["a", "1"], ["a", "2"], ["b", "3"]), "two");
  const again = applied(doubled, named(["b", "3"]));
  assert.equal(envOf(again), "a=1 a=2 b=3");
  assert.deepEqual(owned(again), { applier: { [KEY_B]: WHOLE }, two: { [KEY_A]: "" } });
});

test("no apply says an item twice", () => {
  const said = podWith(named(["a", "1"], ["a", "2"]), {}) as unknown as JsonObject;
  assert.equal(
    shapeProblem(wholeNode(pod.schema), said),
    '.spec.containers[name="web"].env: duplicate entries for key [name="a"]',
  );
});

test("shared items take the applied order; those of one list only stay between them", () => {
  const account = rootNode((ServiceAccount as unknown as Resource).schema);
  const merged = (live: string, wanted: string) => {
    const list = (names: string) => ({ secrets: [...names].map((name) => ({ name })) });
    const { secrets } = mergeApplied(account, list(live), list(wanted)) as { secrets: { name: string }[] };
    return secrets.map(({ name }) => name).join("");
  };
  assert.equal(merged("abc", "d"), "abcd");
  assert.equal(merged("ab", "cb"), "acb");
  assert.equal(merged("axb", "ba"), "xba");
  assert.equal(merged("ax", "an"), "axn");
  assert.equal(merged("xab", "nba"), "xnba");
});

test("long lists are merged item by item, and what is there twice becomes what was applied", () => {
  const count = 50_000;
  const names = Array.from({ length: count }, (_, index) => `n${index}`);
  const live = podWith([...named(...names.map((name): [string, string] => [name, "live"])), { name: "n7" }]);
  const wanted = podWith(names.map((name) => ({ name })));
  const merged = mergeApplied(rootNode(Pod.schema), live as never, wanted as never) as unknown as Pod;
  const env = merged.spec.containers[0]!.env!;
  assert.equal(env.length, count);
  assert.deepEqual(env[6], { name: "n6", value: "live" });
  assert.deepEqual(env[7], { name: "n7" });
  assert.deepEqual(env.at(-1), { name: `n${count - 1}`, value: "live" });
});
