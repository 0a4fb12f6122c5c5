import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { problemText } from "../status.ts";
import { int32, invalid, list, map, ref, resource, string, struct, type FieldProblem } from "../schema.ts";
import { validateObject, validateObjectUpdate, validateStatusUpdate } from "./validate.ts";

const Port = struct(
  "test.v1.Port",
  { name: string(1).required().notEmpty().format("dns-label"), number: int32(2).min(1).max(65_535) },
  {
    *validate(port, path) {
      if (port.name === "bad") yield invalid(`${path}.name`, port.name, "must not be bad");
    },
  },
);
const Widget = resource({
  apiVersion: "apps/v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
  metadata: ObjectMeta,
  spec: struct("test.v1.WidgetSpec", {
    replicas: int32(1).pointer().min(0),
    mode: string(2).oneOf("Fast", "Slow"),
    title: string(3).maxLength(4),
    ports: list(4, Port).notEmpty().maxItems(2),
    byName: map(5, Port),
    kind: string(6).immutable(),
    port: ref(7, Port),
  }),
  status: struct("test.v1.WidgetStatus", { ready: int32(1).min(0) }),
  unconditionalUpdate: false,
  rules: {
    *validate({ spec }) {
      if (spec.title === "rule") yield invalid("spec.title", spec.title, "by rule");
    },
    *validateUpdate(now, old) {
      if (now.spec.title !== old.spec.title) yield invalid("spec.title", now.spec.title, "changed");
    },
  },
});

const META = {
  name: "a",
  namespace: "b",
  uid: "u",
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const SPEC = { ports: [{ name: "http", number: 80 }] };
const widget = (spec: object, metadata: object = {}) =>
  ({
    kind: "Widget",
    apiVersion: "apps/v1",
    metadata: { ...META, ...metadata },
    spec: { ...SPEC, ...spec },
    status: {},
  }) as never;

const texts = (problems: readonly FieldProblem[]): string[] =>
  problems.map((problem) => `${problem.path}: ${problemText(problem)}`);

test("what follows from the fields", () => {
  const label = /a lowercase RFC 1123 label must consist/;
  const cases: [object, (string | RegExp)[]][] = [
    [{}, []],
    [{ replicas: 0, mode: "Fast", title: "four" }, []],
    [{ replicas: -1 }, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]],
    [{ mode: "Odd" }, ['spec.mode: Unsupported value: "Odd": supported values: "Fast", "Slow"']],
    [{ title: "fünf" }, ["spec.title: Too long: may not be more than 4 bytes"]],
    [{ ports: [] }, ["spec.ports: Required value"]],
    [{ ports: undefined }, ["spec.ports: Required value"]],
    [
      { ports: [{ name: "a" }, { name: "b" }, { name: "c" }] },
      ["spec.ports: Too many: 3: must have at most 2 items"],
    ],
    [{ ports: [{ name: "" }] }, ["spec.ports[0].name: Required value"]],
    [{ ports: [{ name: "A" }] }, [label]],
    [
      { ports: [{ name: "a", number: 0 }] },
      ["spec.ports[0].number: Invalid value: 0: must be between 1 and 65535, inclusive"],
    ],
    [{ byName: { x: { name: "bad" } } }, ['spec.byName[x].name: Invalid value: "bad": must not be bad']],
    [{ title: "rule" }, ['spec.title: Invalid value: "rule": by rule']],
  ];
  for (const [spec, expected] of cases) {
    const found = texts(validateObject(Widget, widget(spec)));
    assert.equal(found.length, expected.length, JSON.stringify([spec, found]));
    found.forEach((text, i) => {
      const wanted = expected[i]!;
      if (typeof wanted === "string") assert.equal(text, wanted);
      else assert.match(text, wanted);
    });
  }
});

test("metadata", () => {
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" };
  const cases: [object, RegExp | undefined][] = [
    [{ labels: { a: "b" }, annotations: { "Example.com/A": "any text" } }, undefined],
    [{ name: "" }, /^metadata.name: Required value: name or generateName is required$/],
    [{ name: "A" }, /^metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain/],
    [{ namespace: "" }, /^metadata.namespace: Required value$/],
    [{ labels: { "a b": "" } }, /^metadata.labels: Invalid value: "a b": name part must consist/],
    [{ labels: { a: "b c" } }, /^metadata.labels: Invalid value: "b c": a valid label must be/],
    [
      { annotations: { a: "x".repeat(262_144) } },
      /^metadata.annotations: Too long: may not be more than 262144 bytes$/,
    ],
    [
      { ownerReferences: [{ ...owner, uid: "" }] },
      /^metadata.ownerReferences\[0\].uid: Invalid value: "": must not be empty$/,
    ],
    [
      {
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, name: "q", controller: true },
        ],
      },
      /Only one reference can have Controller set to true/,
    ],
    [
      { finalizers: ["bare"] },
      /^metadata.finalizers\[0\]: Invalid value: "bare": name is neither a standard finalizer/,
    ],
    [{ finalizers: ["orphan", "foregroundDeletion"] }, /cannot be both set/],
    [
      { managedFields: [{ operation: "Odd" }] },
      /^metadata.managedFields\[0\].operation: Invalid value: "Odd": must be `Apply` or `Update`$/,
    ],
  ];
  for (const [metadata, expected] of cases) {
    const found = texts(validateObject(Widget, widget({}, metadata)));
    if (!expected) assert.deepEqual(found, []);
    else assert.match(found[0] ?? "", expected);
  }
});

test("what an update may not do", () => {
  const old = widget({ kind: "x" }, { generation: 2, finalizers: ["example.com/a"] });
  const deleted = widget({}, { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["example.com/a"] });
  const update = (spec: object, metadata: object, before = old) =>
    texts(validateObjectUpdate(Widget, widget(spec, metadata), before));
  assert.deepEqual(update({ kind: "x" }, { generation: 2 }), []);
  assert.deepEqual(update({ kind: "y" }, { generation: 2 }), [
    'spec.kind: Invalid value: "y": field is immutable',
  ]);
  assert.deepEqual(update({ kind: "x" }, { generation: 1 }), [
    "metadata.generation: Invalid value: 1: must not be decremented",
  ]);
  assert.deepEqual(update({ kind: "x" }, { generation: 2, uid: "v" }), [
    'metadata.uid: Invalid value: "v": field is immutable',
  ]);
  assert.deepEqual(update({ kind: "x" }, { generation: 2, resourceVersion: "" }), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
  ]);
  assert.deepEqual(update({ kind: "x", title: "t" }, { generation: 2 }), [
    'spec.title: Invalid value: "t": changed',
  ]);
  assert.match(
    update(
      {},
      { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["example.com/a", "example.com/b"] },
      deleted,
    )[0]!,
    /Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example.com\/b"\}$/,
  );
});

test("an update of status looks at status only", () => {
  const bad = { ...(widget({ ports: [] }) as object), status: { ready: -1 } } as never;
  assert.deepEqual(texts(validateStatusUpdate(Widget, bad, widget({}))), [
    "status.ready: Invalid value: -1: must be greater than or equal to 0",
  ]);
});
