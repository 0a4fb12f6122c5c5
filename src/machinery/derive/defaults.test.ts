import assert from "node:assert/strict";
import { test } from "node:test";
import { int32, lazy, list, map, ref, string, struct, type Struct, type StructOf, value } from "../schema.ts";
import { applyDeclaredDefaults, applyDefaults } from "./defaults.ts";

const Port = struct("test.v1.Port", {
  name: string(1),
  port: int32(2).default(80),
  protocol: string(3).default("TCP"),
});
const Plain = struct("test.v1.Plain", { name: string(1) });
interface Node {
  readonly size: number;
  readonly next?: Node;
}
const Node: StructOf<Node> = struct("test.v1.Node", {
  size: int32(1).default(1),
  next: ref(
    2,
    lazy<Node>((): Struct => Node),
  ),
});
const Spec = struct("test.v1.Spec", {
  replicas: int32(1).pointer().default(1),
  mode: string(2),
  strategy: ref(3, Port).default({ port: 0, protocol: "" }),
  ports: list(4, Port),
  named: map(5, Port),
  plain: value(6, Plain),
  node: ref(7, Node),
  other: ref(8, Port),
});

const fill = (spec: object): object => applyDeclaredDefaults(Spec, spec);

test("declared defaults at every depth", () => {
  const strategy = { port: 80, protocol: "TCP" };
  const cases: [object, object][] = [
    [{ plain: {} }, { replicas: 1, strategy, plain: {} }],
    [
      { replicas: 0, strategy: {}, plain: {} },
      { replicas: 0, strategy, plain: {} },
    ],
    [
      { ports: [{ name: "a" }, { port: 1, protocol: "UDP" }], plain: {} },
      {
        replicas: 1,
        strategy,
        ports: [
          { name: "a", ...strategy },
          { port: 1, protocol: "UDP" },
        ],
        plain: {},
      },
    ],
    [
      { named: { x: {} }, plain: {} },
      { replicas: 1, strategy, named: { x: strategy }, plain: {} },
    ],
    [
      { plain: {}, node: { next: {} } },
      { replicas: 1, strategy, plain: {}, node: { size: 1, next: { size: 1 } } },
    ],
  ];
  for (const [given, expected] of cases) {
    assert.equal(JSON.stringify(fill(given)), JSON.stringify(expected));
    assert.equal(fill(expected), expected, "what is complete is not copied");
  }
});

test("what does not change is shared", () => {
  const given = { ports: [{ port: 1, protocol: "UDP" }, {}], plain: { name: "x" } };
  const filled = fill(given) as typeof given;
  assert.equal(filled.plain, given.plain);
  assert.equal(filled.ports[0], given.ports[0]);
  assert.deepEqual(given.ports[1], {}, "the given object stays as it was");
});

test("rules come after what is declared", () => {
  const of = { schema: Spec, rules: { defaults: (spec: object) => ({ ...spec, mode: "auto" }) } };
  assert.deepEqual(applyDefaults(of as never, { replicas: 2, strategy: { port: 1, protocol: "X" } }), {
    replicas: 2,
    strategy: { port: 1, protocol: "X" },
    mode: "auto",
  });
});
