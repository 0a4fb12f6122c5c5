import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonPath, JsonPathError, relaxed } from "./jsonpath.ts";

const pods = {
  kind: "List",
  items: [
    {
      kind: "Pod",
      metadata: { name: "a", labels: { "app.kubernetes.io/name": "web", app: "web" } },
      status: { phase: "Running", restarts: 2, ready: true, conditions: [{ type: "Ready", status: "True" }] },
    },
    {
      kind: "Pod",
      metadata: { name: "b", labels: { app: "db" } },
      status: {
        phase: "Pending",
        restarts: 10,
        ready: false,
        conditions: [{ type: "Ready", status: "False" }],
      },
    },
    { kind: "Pod", metadata: { name: "c" }, status: { phase: "Running", restarts: 0, conditions: [] } },
  ],
};

const TABLE: readonly (readonly [template: string, output: string])[] = [
  ["{.kind}", "List"],
  ["{$.kind}", "List"],
  ["{kind}", "List"],
  ["{['kind']}", "List"],
  ["plain", "plain"],
  ["kind is {.kind}!", "kind is List!"],
  ["{.items[*].metadata.name}", "a b c"],
  ["{.items..name}", "a b c"],
  ["{.items[0].metadata.name}", "a"],
  ["{.items[-1].metadata.name}", "c"],
  ["{.items[0:2].metadata.name}", "a b"],
  ["{.items[:2].metadata.name}", "a b"],
  ["{.items[1:].metadata.name}", "b c"],
  ["{.items[::2].metadata.name}", "a c"],
  ["{.items[-2:].metadata.name}", "b c"],
  ["{.items[0,2].metadata.name}", "a c"],
  ["{.items[*]['metadata.name','kind']}", "a b c Pod Pod Pod"],
  ["{.items[0]['kind','metadata']['name']}", "a"],
  ["{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", "web"],
  ["{.items[0].metadata.labels['app\\.kubernetes\\.io/name']}", "web"],
  ["{.items[*].metadata.labels.app}", "web db"],
  ['{.items[?(@.status.phase=="Running")].metadata.name}', "a c"],
  ["{.items[?(@.status.phase != 'Running')].metadata.name}", "b"],
  ["{.items[?(@.status.restarts>1)].metadata.name}", "a b"],
  ["{.items[?(@.status.restarts <= 2)].metadata.name}", "a c"],
  ["{.items[?(@.status.ready==true)].metadata.name}", "a"],
  ["{.items[?(@.metadata.labels)].metadata.name}", "a b"],
  ["{.items[?(@.metadata.labels.app=='db')].status.phase}", "Pending"],
  ['{.items[*].status.conditions[?(@.type=="Ready")].status}', "True False"],
  [
    '{range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}',
    "a\tRunning\nb\tPending\nc\tRunning\n",
  ],
  ["{range .items[*]}[{.metadata.name}, {.status.restarts}] {end}", "[a, 2] [b, 10] [c, 0] "],
  ["{range .items[0:2]}{range .status.conditions[*]}{.type}={.status};{end}{end}", "Ready=True;Ready=False;"],
  ["{.items[0].metadata.labels}", '{"app":"web","app.kubernetes.io/name":"web"}'],
  ["{.items[0].status.conditions}", '[{"status":"True","type":"Ready"}]'],
  ["{.nothing}", ""],
  ["{.items[7].kind}", ""],
  ["{.kind}{'x'}{\"y\"}", "Listxy"],
  ["{.items[*].status.restarts}", "2 10 0"],
  ["{@.kind}", "List"],
];

for (const [template, output] of TABLE)
  test(`${template} prints ${JSON.stringify(output)}`, () => {
    assert.equal(new JsonPath(template).print(pods, { allowMissing: true }), output);
  });

for (const template of [
  "{.kind",
  "{.items[x]}",
  "{range .items[*]}",
  "{end}",
  "{.items[?(@.a==)]}",
  "{'open}",
  "{.}}{",
])
  test(`${template} is refused`, () => {
    assert.throws(() => new JsonPath(template), JsonPathError);
  });

test("what is not there fails, unless it may be missing", () => {
  assert.throws(() => new JsonPath("{.nothing}").print(pods), /nothing is not found/);
  assert.throws(() => new JsonPath("{.items[9]}").print(pods), /out of bounds/);
});

const RELAXED: readonly (readonly [string, string])[] = [
  ["metadata.name", "{.metadata.name}"],
  [".metadata.name", "{.metadata.name}"],
  ["{.metadata.name}", "{.metadata.name}"],
  ["{metadata.name}", "{.metadata.name}"],
];
for (const [short, whole] of RELAXED)
  test(`${short} means ${whole}`, () => assert.equal(relaxed(short), whole));
