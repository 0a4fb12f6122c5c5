import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { laterMember, textAt } from "./peek.ts";

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test("a text is found by its path, and nothing else is taken for it", () => {
  const pod = bytes({
    metadata: {
      labels: { nodeName: "wrong", spec: "wrong" },
      annotations: { a: '{"spec":{"nodeName":"wrong"}}' },
    },
    spec: { containers: [{ nodeName: "wrong" }], n: -1.5e3, b: true, z: null, nodeName: 'n"1\\' },
  });
  assert.equal(textAt(pod, ["spec", "nodeName"]), 'n"1\\');
  assert.equal(textAt(pod, ["spec", "missing"]), undefined);
  assert.equal(textAt(pod, ["spec", "n"]), undefined);
  assert.equal(textAt(pod, ["spec", "containers", "nodeName"]), undefined);
  assert.equal(textAt(bytes({}), ["spec", "nodeName"]), undefined);
});

test("a later member is cut out with its comma", () => {
  const object = {
    metadata: { uid: "u", labels: { managedFields: "x" }, managedFields: [{ a: "]}" }] },
    spec: { managedFields: [1] },
  };
  const json = bytes(object);
  const at = json.indexOf('"u"') + 3;
  const { start, end } = laterMember(json, at, "managedFields")!;
  const rest = JSON.parse(json.toString("utf8", 0, start) + json.toString("utf8", end)) as unknown;
  assert.deepEqual(rest, { ...object, metadata: { uid: "u", labels: { managedFields: "x" } } });
  const without = bytes({ metadata: { uid: "u", name: "n" }, spec: { managedFields: [1] } });
  assert.equal(laterMember(without, without.indexOf('"u"') + 3, "managedFields"), undefined);
});

test("whatever the JSON, it agrees with the parser", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string(),
      fc.string(),
      (object, name, value) => {
        const whole = { ...object, spec: { ...object, [name]: object, nodeName: value } };
        assert.equal(textAt(bytes(whole), ["spec", "nodeName"]), value);
        const json = bytes({ uid: "u", ...object, mine: object, after: 1 });
        const found = laterMember(json, json.indexOf('"u"') + 3, "mine")!;
        const rest = JSON.parse(
          json.toString("utf8", 0, found.start) + json.toString("utf8", found.end),
        ) as object;
        const { mine: _, ...expected } = JSON.parse(json.toString("utf8")) as { readonly mine: unknown };
        assert.deepEqual(rest, expected);
      },
    ),
  );
});
