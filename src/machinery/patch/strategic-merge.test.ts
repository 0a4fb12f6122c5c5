import assert from "node:assert/strict";
import { test } from "node:test";
import { int32, list, map, ref, string, struct } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { JsonObject } from "./merge-patch.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";

const Port = struct("test.v1.Port", { port: int32(1).required(), name: string(2) });
const Rolling = struct("test.v1.Rolling", { surge: int32(1) });
const Strategy = struct("test.v1.Strategy", { type: string(1), rolling: ref(2, Rolling) });
const Container = struct("test.v1.Container", {
  name: string(1).required(),
  image: string(2),
  args: list(3, string),
  ports: list(4, Port).mergedBy("port"),
});
const Spec = struct("test.v1.Spec", {
  containers: list(1, Container).mergedBy("name"),
  finalizers: list(2, string).mergedSet(),
  labels: map(3, string),
  strategy: ref(4, Strategy).patch("retainKeys"),
  frozen: ref(5, Strategy).patch("replace"),
});

const cases: [what: string, document: string, patch: string, result: string][] = [
  [
    "merges maps",
    '{"labels":{"a":"1","b":"2"}}',
    '{"labels":{"b":null,"c":"3"}}',
    '{"labels":{"a":"1","c":"3"}}',
  ],
  [
    "merges items by key, and puts new ones behind those that the patch names before them",
    '{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}',
    '{"containers":[{"name":"b","image":"2"},{"name":"c","image":"3"}]}',
    '{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"},{"name":"c","image":"3"}]}',
  ],
  [
    "merges lists inside items",
    '{"containers":[{"name":"a","ports":[{"port":1,"name":"x"}]}]}',
    '{"containers":[{"name":"a","ports":[{"port":1,"name":"y"},{"port":2}]}]}',
    '{"containers":[{"name":"a","ports":[{"port":1,"name":"y"},{"port":2}]}]}',
  ],
  [
    "deletes items",
    '{"containers":[{"name":"a"},{"name":"b"}]}',
    '{"containers":[{"name":"a","$patch":"delete"}]}',
    '{"containers":[{"name":"b"}]}',
  ],
  [
    "replaces a merged list",
    '{"containers":[{"name":"a"}]}',
    '{"containers":[{"$patch":"replace"},{"name":"b"}]}',
    '{"containers":[{"name":"b"}]}',
  ],
  [
    "replaces plain lists",
    '{"containers":[{"name":"a","args":["1","2"]}]}',
    '{"containers":[{"name":"a","args":["3"]}]}',
    '{"containers":[{"name":"a","args":["3"]}]}',
  ],
  [
    "puts new items before those that the patch does not name",
    '{"containers":[{"name":"a"},{"name":"b"}]}',
    '{"containers":[{"name":"c"},{"name":"d"}]}',
    '{"containers":[{"name":"c"},{"name":"d"},{"name":"a"},{"name":"b"}]}',
  ],
  [
    "puts items that the patch names in its order",
    '{"containers":[{"name":"a"},{"name":"x"},{"name":"b"}]}',
    '{"containers":[{"name":"b"},{"name":"a"},{"name":"x","$patch":"delete"}]}',
    '{"containers":[{"name":"b"},{"name":"a"}]}',
  ],
  ["adds to sets", '{"finalizers":["a"]}', '{"finalizers":["b","a"]}', '{"finalizers":["b","a"]}'],
  [
    "removes from sets",
    '{"finalizers":["a","b"]}',
    '{"$deleteFromPrimitiveList/finalizers":["a"]}',
    '{"finalizers":["b"]}',
  ],
  [
    "orders items, keeping those it does not know in place",
    '{"containers":[{"name":"a"},{"name":"x"},{"name":"b"}]}',
    '{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"2"}]}',
    '{"containers":[{"name":"x"},{"name":"b","image":"2"},{"name":"a"}]}',
  ],
  [
    "orders a list that it does not change",
    '{"containers":[{"name":"a"},{"name":"b"}]}',
    '{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}',
    '{"containers":[{"name":"b"},{"name":"a"}]}',
  ],
  [
    "retains keys",
    '{"strategy":{"type":"R","rolling":{"surge":1}}}',
    '{"strategy":{"$retainKeys":["type"],"type":"C"}}',
    '{"strategy":{"type":"C"}}',
  ],
  [
    "replaces a struct on directive",
    '{"strategy":{"type":"R"}}',
    '{"strategy":{"$patch":"replace","rolling":{"surge":2}}}',
    '{"strategy":{"rolling":{"surge":2}}}',
  ],
  [
    "replaces a struct by its schema",
    '{"frozen":{"type":"R"}}',
    '{"frozen":{"rolling":{"surge":2}}}',
    '{"frozen":{"rolling":{"surge":2}}}',
  ],
  [
    "drops directives and nulls where nothing was",
    "{}",
    '{"strategy":{"$retainKeys":["type"],"type":"R","rolling":null}}',
    '{"strategy":{"type":"R"}}',
  ],
];

for (const [what, document, patch, result] of cases) {
  test(`strategic merge ${what}`, () => {
    const merged = applyStrategicMerge(
      Spec,
      JSON.parse(document) as JsonObject,
      JSON.parse(patch) as JsonObject,
    );
    assert.deepEqual(merged, JSON.parse(result));
  });
}

const refused: [what: string, patch: string, message: RegExp][] = [
  ["an unknown directive", '{"$patch":"twist"}', /Unknown patch type/],
  ["an item without its key", '{"containers":[{"image":"1"}]}', /does not contain declared merge key: name/],
  ["keys that are patched but not retained", '{"strategy":{"$retainKeys":["type"],"rolling":{}}}', /rolling/],
];

for (const [what, patch, message] of refused) {
  test(`strategic merge refuses ${what}`, () => {
    const run = () => applyStrategicMerge(Spec, { strategy: {} }, JSON.parse(patch) as JsonObject);
    assert.throws(
      run,
      (error) => error instanceof StatusError && error.code === 400 && message.test(error.message),
    );
  });
}
