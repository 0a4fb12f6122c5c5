import assert from "node:assert/strict";
import { test } from "node:test";
import { matching } from "./field-pattern.ts";

const set = {
  "f:metadata": { "f:labels": { "f:a": {} } },
  "f:spec": {
    "f:containers": {
      'k:{"name":"web"}': {
        ".": {},
        "f:image": {},
        "f:name": {},
        "f:resources": { "f:limits": { "f:cpu": {} } },
      },
      'k:{"name":"other"}': { ".": {}, "f:name": {} },
    },
    "f:nodeName": {},
  },
};

test("what a pattern leads to, with all inside and the items on the way", () => {
  assert.deepEqual(matching(set, [["spec", "containers", "*", "resources"]]), {
    "f:spec": {
      "f:containers": {
        'k:{"name":"web"}': { ".": {}, "f:resources": { "f:limits": { "f:cpu": {} } } },
        'k:{"name":"other"}': { ".": {} },
      },
    },
  });
});

test("several patterns, and none that leads anywhere", () => {
  assert.deepEqual(matching(set, [["spec", "nodeName"], ["metadata"]]), {
    "f:metadata": { "f:labels": { "f:a": {} } },
    "f:spec": { "f:nodeName": {} },
  });
  assert.deepEqual(matching(set, [["status"]]), {});
});
