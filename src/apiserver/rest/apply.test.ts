import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { Pod } from "#api/core-v1/pod";
import { type Answered, type Json, startHarness } from "../harness.ts";

const APPLY = { "content-type": "application/apply-patch+yaml" };
const MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";
const map = (rest: object) => ({ apiVersion: "v1", kind: "ConfigMap", ...rest });
const podOf = (spec: object) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec });

/** `manager operation version subresource` to the fields that it owns. */
const owners = ({ json }: Pick<Answered, "json">): Record<string, Json> =>
  Object.fromEntries(
    (json.metadata.managedFields ?? []).map((entry: Json) => [
      [entry.manager, entry.operation, entry.apiVersion, entry.subresource].filter(Boolean).join(" "),
      entry.fieldsV1,
    ]),
  );

async function start(t: TestContext) {
  const { ask, create } = await startHarness(t);
  const apply = (path: string, body: object, query = "fieldManager=me") =>
    ask("PATCH", `${path}?${query}`, body, APPLY);
  return { ask, create, apply };
}

test("a configuration that does not fit its kind is refused, whatever the validation of fields", async (t) => {
  const { ask, apply } = await start(t);
  const refused = async (body: object, text: string, query = "") => {
    const { status, json } = await apply(`${MAPS}/a`, body, `fieldManager=me${query}`);
    assert.deepEqual([status, json.message], [500, `failed to create typed patch object ${text}`]);
    assert.equal(json.reason, undefined);
  };
  const metadata = { name: "a", namespace: "default" };
  const who = "(default/a; /v1, Kind=ConfigMap)";
  await refused(map({ metadata, dat: {} }), `${who}: .dat: field not declared in schema`);
  await refused(
    map({ metadata: { name: "a" }, dat: {} }),
    "(/a; /v1, Kind=ConfigMap): .dat: field not declared in schema",
    "&fieldValidation=Ignore",
  );
  await refused(
    map({ metadata, data: { a: 1, b: "2", c: { d: [true, null] } } }),
    `${who}: errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .data.c: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"d":[]interface {}{true, interface {}(nil)}}}`,
  );
  await refused(
    map({ metadata: { ...metadata, finalizers: ["a/b", "a/b"] } }),
    `${who}: .metadata.finalizers: duplicate entries for key [="a/b"]`,
  );
  const other = await apply(`${MAPS}/a`, { ...map({ metadata }), apiVersion: "v2" });
  assert.deepEqual([other.status, other.json.message], [400, "invalid object type: /v2, Kind=ConfigMap"]);
  assert.equal((await ask("GET", `${MAPS}/a`)).status, 404);
});

test("what is no configuration at all is told in the words of the API", async (t) => {
  const { ask } = await start(t);
  const send = (text: string, query = "") =>
    ask("PATCH", `${MAPS}/a?fieldManager=me${query}`, Buffer.from(text), APPLY);
  const refused = async (text: string, message: string, query = "") => {
    const { status, json } = await send(text, query);
    assert.deepEqual([status, json.message], [400, message]);
  };
  const list =
    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type";
  await refused("- a", `error decoding YAML: ${list} map[string]interface {}`);
  await refused("", "invalid object type: /, Kind=");
  assert.match(
    (await send("a: [")).json.message,
    /^error decoding YAML: error converting YAML to JSON: yaml: line 1: /,
  );
  const twice = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: '1'\n  a: '2'\n";
  const found = 'line 5: key "a" already set in map';
  const strictly = "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ";
  await refused(twice, strictly + found, "&fieldValidation=Strict");
  const warned = await send(twice);
  assert.deepEqual([warned.status, warned.json.data], [201, { a: "2" }]);
  assert.equal(warned.headers.warning, `299 - ${JSON.stringify(found)}`);
});

test("who applies says a name that can be printed", async (t) => {
  const { apply } = await start(t);
  const refused = async (query: string, detail: string) => {
    const { status, json } = await apply(`${MAPS}/a`, map({}), query);
    assert.equal(status, 422);
    assert.equal(json.message, `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${detail}`);
  };
  await refused("", "Required value: is required for apply patch");
  await refused("fieldManager=é%0Ab", 'Invalid value: "é\\nb": invalid character U+000A (at position 2)');
  await refused(`fieldManager=${"x".repeat(129)}`, "Too long: may not be more than 128 bytes");
});

test("a dry run of an apply says what would be, conflicts too, and leaves everything", async (t) => {
  const { ask, apply } = await start(t);
  const dry = "fieldManager=me&dryRun=All";
  const made = await apply(`${MAPS}/a`, map({ data: { a: "1" } }), dry);
  assert.deepEqual([made.status, made.json.data], [201, { a: "1" }]);
  assert.deepEqual(owners(made), { "me Apply v1": { "f:data": { "f:a": {} } } });
  assert.equal((await ask("GET", `${MAPS}/a`)).status, 404);

  const first = await apply(`${MAPS}/a`, map({ data: { a: "1" } }));
  const conflict = await apply(`${MAPS}/a`, map({ data: { a: "2" } }), "fieldManager=you&dryRun=All");
  assert.equal(conflict.json.message, 'Apply failed with 1 conflict: conflict with "me": .data.a');
  const forced = await apply(
    `${MAPS}/a`,
    map({ data: { a: "2" } }),
    "fieldManager=you&dryRun=All&force=true",
  );
  assert.deepEqual([forced.status, forced.json.data], [200, { a: "2" }]);
  assert.deepEqual(owners(forced), { "you Apply v1": { "f:data": { "f:a": {} } } });
  assert.deepEqual((await ask("GET", `${MAPS}/a`)).json, first.json);
});

test("who says what is there already comes to own it, and no moment is noted", async (t) => {
  const { apply } = await start(t);
  await apply(`${MAPS}/a`, map({ data: { a: "1" } }));
  const shared = await apply(`${MAPS}/a`, map({ data: { a: "1" } }), "fieldManager=you");
  const times = shared.json.metadata.managedFields.map((entry: Json) => [entry.manager, "time" in entry]);
  assert.deepEqual(times, [
    ["you", false],
    ["me", true],
  ]);
  const again = await apply(`${MAPS}/a`, map({ data: { a: "1" } }), "fieldManager=you");
  assert.deepEqual(again.json, shared.json);
});

test("conflicts with several managers are told manager by manager", async (t) => {
  const { apply, create } = await start(t);
  await create(ConfigMap, { metadata: { name: "a", namespace: "default" }, data: { c: "1", b: "1" } });
  await apply(`${MAPS}/a`, map({ data: { a: "1" } }), "fieldManager=zoe");
  await apply(`${MAPS}/a`, map({ data: { d: "1" } }), "fieldManager=ann");
  const { json } = await apply(`${MAPS}/a`, map({ data: { a: "2", b: "2", c: "2", d: "2" } }));
  const updater = json.details.causes.find(({ field }: Json) => field === ".data.b").message;
  assert.match(updater, /^conflict with ".*" using v1$/);
  const by = updater.replace("conflict with ", "");
  const parts = [
    ['"ann"', [".data.d"]],
    ['"zoe"', [".data.a"]],
    [by, [".data.b", ".data.c"]],
  ] as const;
  const lines = (name: string, paths: readonly string[]) =>
    [`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`)].join("\n");
  const sorted = parts.toSorted(([one], [other]) => (one < other ? -1 : 1));
  assert.equal(
    json.message,
    `Apply failed with 4 conflicts: ${sorted.map(([name, paths]) => lines(name, paths)).join("\n")}`,
  );
});

test("a create keeps the owners that it brings, of other versions as well, of what it does not say", async (t) => {
  const { ask } = await start(t);
  const path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
  const entry = (apiVersion: string, fields: object) => ({
    manager: "before",
    operation: "Update",
    apiVersion,
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: fields,
  });
  const managedFields = [
    entry("autoscaling/v1", {
      "f:metadata": { "f:labels": { "f:a": {} } },
      "f:spec": { "f:minReplicas": {} },
    }),
    entry("autoscaling/v2", { "f:spec": { "f:behavior": {}, "f:maxReplicas": {} } }),
    entry("autoscaling/v2beta2", { "f:spec": { "f:behavior": {} } }),
  ];
  const made = await ask("POST", `${path}?fieldManager=maker`, {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "a", managedFields },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "a" },
      minReplicas: 1,
      maxReplicas: 3,
    },
  });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(owners(made)["before Update autoscaling/v1"], {
    "f:metadata": { "f:labels": { "f:a": {} } },
  });
  assert.deepEqual(owners(made)["before Update autoscaling/v2"], { "f:spec": { "f:behavior": {} } });
  assert.equal(owners(made)["before Update autoscaling/v2beta2"], undefined);
});

test("once reset, owners are known again from the next apply on", async (t) => {
  const { ask, apply } = await start(t);
  await apply(`${MAPS}/a`, map({ data: { a: "1" } }));
  const merge = (body: object) =>
    ask("PATCH", `${MAPS}/a?fieldManager=x`, body, { "content-type": "application/merge-patch+json" });
  assert.deepEqual(owners(await merge({ metadata: { managedFields: [{}] }, data: { b: "1" } })), {});
  assert.deepEqual(owners(await merge({ data: { c: "1" } })), {});
  const applied = await apply(`${MAPS}/a`, map({ data: { c: "1" } }), "fieldManager=you");
  assert.deepEqual(owners(applied), {
    "you Apply v1": { "f:data": { "f:c": {} } },
    "before-first-apply Update v1": { "f:data": { ".": {}, "f:a": {}, "f:b": {}, "f:c": {} } },
  });
});

test("an apply by resize owns what a resize writes", async (t) => {
  const { create, apply } = await start(t);
  const resources = (cpu: string) => ({ requests: { cpu }, limits: { cpu } });
  const container = { name: "c", image: "busybox", resources: resources("1") };
  await create(Pod, { metadata: { name: "a", namespace: "default" }, spec: { containers: [container] } });
  const smaller = { name: "c", image: "other", resources: resources("500m") };
  const wanted = podOf({ containers: [smaller] });
  const refused = await apply(`${PODS}/a/resize`, wanted);
  assert.deepEqual(
    refused.json.details.causes.map(({ field }: Json) => field),
    ["requests", "limits"].map((name) => `.spec.containers[name="c"].resources.${name}.cpu`).toSorted(),
  );
  const resized = await apply(`${PODS}/a/resize`, wanted, "fieldManager=me&force=true");
  assert.equal(resized.status, 200, resized.text);
  const [now] = resized.json.spec.containers;
  assert.deepEqual([now.image, now.resources.requests.cpu], ["busybox", "500m"]);
  assert.deepEqual(owners(resized)["me Apply v1 resize"], {
    "f:spec": {
      "f:containers": {
        'k:{"name":"c"}': {
          ".": {},
          "f:resources": { "f:limits": { "f:cpu": {} }, "f:requests": { "f:cpu": {} } },
        },
      },
    },
  });
});

test("an apply of ephemeral containers adds them, and owns nothing else", async (t) => {
  const { create, apply } = await start(t);
  const containers = [{ name: "c", image: "busybox" }];
  await create(Pod, { metadata: { name: "a", namespace: "default" }, spec: { containers } });
  const wanted = podOf({
    containers: [{ name: "c", image: "other" }],
    ephemeralContainers: [{ name: "e", image: "busybox" }],
  });
  const added = await apply(`${PODS}/a/ephemeralcontainers`, wanted);
  assert.equal(added.status, 200, added.text);
  assert.equal(added.json.spec.containers[0].image, "busybox");
  assert.equal(added.json.spec.ephemeralContainers[0].name, "e");
  assert.deepEqual(owners(added)["me Apply v1 ephemeralcontainers"], {
    "f:spec": {
      "f:ephemeralContainers": { 'k:{"name":"e"}': { ".": {}, "f:image": {}, "f:name": {} } },
    },
  });
});
