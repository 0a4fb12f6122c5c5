import assert from "node:assert/strict";
import { test } from "node:test";
import { startHarness } from "../harness.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const map = (name: string, data: object = {}, metadata: object = {}) => ({
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { name, ...metadata },
  data,
});

test("create gives identity, and the object in upstream's order", async (t) => {
  const { ask } = await startHarness(t);
  const made = await ask("POST", CONFIG_MAPS, map("a", { k: "v" }));
  assert.equal(made.status, 201);
  assert.match(
    made.text,
    /^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name":"a","namespace":"default","uid":"[^"]+","resourceVersion":"\d+","creationTimestamp":"2026-01-01T00:00:00Z"/,
  );
  const again = await ask("POST", CONFIG_MAPS, map("a"));
  assert.equal(again.status, 409);
  assert.equal(again.json.message, 'configmaps "a" already exists');
  assert.deepEqual(again.json.details, { name: "a", kind: "configmaps" });
});

test("create refuses what cannot be", async (t) => {
  const { ask } = await startHarness(t);
  const cases: [string, unknown, number, RegExp][] = [
    ["bad JSON", "{oops", 400, /the object provided is unrecognized \(must be of type ConfigMap\)/],
    [
      "wrong type",
      { ...map("a"), data: { k: 1 } },
      400,
      /ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number/,
    ],
    [
      "another version",
      { ...map("a"), apiVersion: "v2" },
      400,
      /the API version in the data \(v2\) does not match the expected API version \(v1\)/,
    ],
    [
      "another namespace",
      map("a", {}, { namespace: "other" }),
      400,
      /the namespace of the provided object does not match/,
    ],
    ["no name", map("", {}), 422, /name or generateName is required/],
    ["bad name", map("A_B"), 422, /a lowercase RFC 1123 subdomain/],
    ["a version", map("a", {}, { resourceVersion: "1" }), 500, /resourceVersion should not be set/],
    ["a list", [], 400, /cannot unmarshal array/],
  ];
  for (const [what, body, status, message] of cases) {
    const answer = await ask("POST", CONFIG_MAPS, body);
    assert.equal(answer.status, status, what);
    assert.equal(answer.json.kind, "Status", what);
    assert.match(answer.json.message, message, what);
  }
});

test("unknown and repeated fields are refused, warned of, or ignored", async (t) => {
  const { ask } = await startHarness(t);
  const body =
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"oops":1,"data":{"a":"1","a":"2"}}';
  const strict = await ask("POST", `${CONFIG_MAPS}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
  assert.match(strict.json.message, /strict decoding error: .*unknown field "oops"/);
  assert.match(strict.json.message, /duplicate field "data.a"/);
  const warned = await ask("POST", CONFIG_MAPS, body);
  assert.equal(warned.status, 201);
  assert.match(warned.headers.warning!, /299 - "unknown field \\"oops\\""/);
  const ignored = await ask("POST", `${CONFIG_MAPS}?fieldValidation=Ignore`, body.replace('"a"', '"b"'));
  assert.equal(ignored.headers.warning, undefined);
  // A patch is looked through as well.
  const twice = '{"oops":1,"data":{"a":"1","a":"2"}}';
  const merge = { "content-type": "application/merge-patch+json" };
  const refused = await ask("PATCH", `${CONFIG_MAPS}/a?fieldValidation=Strict`, twice, merge);
  assert.equal(refused.status, 422);
  assert.match(refused.json.message, /strict decoding error: duplicate field "data.a", unknown field "oops"/);
  const patched = await ask("PATCH", `${CONFIG_MAPS}/a`, twice, merge);
  assert.match(patched.headers.warning!, /duplicate field \\"data.a\\"/);
  const apply = { "content-type": "application/apply-patch+yaml" };
  const query = "fieldManager=t&force=true&fieldValidation=Strict";
  const applied = await ask("PATCH", `${CONFIG_MAPS}/a?${query}`, body.replace('"oops":1,', ""), apply);
  assert.equal(applied.status, 400);
  assert.match(applied.json.message, /strict decoding YAML: .*key "a" already set in map/s);
  const wrong = await ask("POST", `${CONFIG_MAPS}?fieldValidation=Maybe`, body);
  assert.equal(wrong.status, 422);
});

test("keys of Object.prototype are just keys", async (t) => {
  const { ask } = await startHarness(t);
  const body =
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","labels":{"constructor":"x"}},"data":{"__proto__":"1"}}';
  const made = await ask("POST", CONFIG_MAPS, body);
  assert.equal(made.status, 201);
  assert.match((await ask("GET", `${CONFIG_MAPS}/a`)).text, /"data":\{"__proto__":"1"\}/);
  const found = await ask("GET", `${CONFIG_MAPS}?labelSelector=toString`);
  assert.deepEqual(found.json.items, []);
});

test("generateName makes names", async (t) => {
  const { ask } = await startHarness(t);
  const made = await ask("POST", CONFIG_MAPS, { metadata: { generateName: "x-" } });
  assert.match(made.json.metadata.name, /^x-[a-z0-9]{5}$/);
});

test("dry run stores nothing", async (t) => {
  const { ask } = await startHarness(t);
  const made = await ask("POST", `${CONFIG_MAPS}?dryRun=All`, map("a"));
  assert.equal(made.status, 201);
  assert.equal((await ask("GET", `${CONFIG_MAPS}/a`)).status, 404);
  await ask("POST", CONFIG_MAPS, map("a"));
  assert.equal((await ask("POST", `${CONFIG_MAPS}?dryRun=All`, map("a"))).status, 409);
  await ask("DELETE", `${CONFIG_MAPS}/a?dryRun=All`);
  assert.equal((await ask("GET", `${CONFIG_MAPS}/a`)).status, 200);
});

test("update locks by version, keeps identity and writes only changes", async (t) => {
  const { ask } = await startHarness(t);
  const made = (await ask("POST", CONFIG_MAPS, map("a", { k: "1" }))).json;
  const stale = await ask("PUT", `${CONFIG_MAPS}/a`, {
    ...made,
    metadata: { ...made.metadata, resourceVersion: "1" },
  });
  assert.equal(stale.status, 409);
  assert.match(
    stale.json.message,
    /the object has been modified; please apply your changes to the latest version/,
  );
  const same = await ask("PUT", `${CONFIG_MAPS}/a`, made);
  assert.equal(same.json.metadata.resourceVersion, made.metadata.resourceVersion);
  const changed = await ask("PUT", `${CONFIG_MAPS}/a`, map("a", { k: "2" }));
  assert.equal(changed.status, 200);
  assert.equal(changed.json.metadata.uid, made.metadata.uid);
  assert.notEqual(changed.json.metadata.resourceVersion, made.metadata.resourceVersion);
  const other = await ask("PUT", `${CONFIG_MAPS}/a`, map("a", {}, { uid: "another" }));
  assert.match(other.json.message, /Precondition failed: UID in precondition: another, UID in object meta: /);
  const misnamed = await ask("PUT", `${CONFIG_MAPS}/a`, map("b"));
  assert.equal(misnamed.json.message, "the name of the object (b) does not match the name on the URL (a)");
  assert.equal((await ask("PUT", `${CONFIG_MAPS}/none`, map("none"))).status, 404);
});

test("writes that race all land, when they name no version", async (t) => {
  const { ask } = await startHarness(t);
  await ask("POST", CONFIG_MAPS, map("a"));
  const names = Array.from({ length: 5 }, (_, index) => `k${index}`);
  const answers = await Promise.all(
    names.map((name) => ask("PATCH", `${CONFIG_MAPS}/a`, { data: { [name]: "x" } })),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(Object.keys((await ask("GET", `${CONFIG_MAPS}/a`)).json.data).sort(), names);
});

test("patches: merge, JSON, strategic, and types that are none", async (t) => {
  const { ask } = await startHarness(t);
  await ask("POST", CONFIG_MAPS, map("a", { k: "1", l: "2" }));
  const merged = await ask("PATCH", `${CONFIG_MAPS}/a`, { data: { k: null, m: "3" } });
  assert.deepEqual(merged.json.data, { l: "2", m: "3" });
  const json = { "content-type": "application/json-patch+json" };
  const patched = await ask("PATCH", `${CONFIG_MAPS}/a`, [{ op: "add", path: "/data/n", value: "4" }], json);
  assert.equal(patched.json.data.n, "4");
  const failed = await ask("PATCH", `${CONFIG_MAPS}/a`, [{ op: "test", path: "/data/n", value: "5" }], json);
  assert.ok(failed.status >= 400 && failed.status < 500);
  const unknown = await ask("PATCH", `${CONFIG_MAPS}/a`, {}, { "content-type": "application/json" });
  assert.equal(unknown.status, 415);
  assert.match(unknown.json.message, /accepted media types include: application\/json-patch\+json/);
  const renamed = await ask("PATCH", `${CONFIG_MAPS}/a`, { metadata: { name: "b" } });
  assert.equal(renamed.status, 400);
});

test("apply creates, owns, and meets conflicts", async (t) => {
  const { ask } = await startHarness(t);
  const yaml = (value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: "${value}"}\n`;
  const type = { "content-type": "application/apply-patch+yaml" };
  const nobody = await ask("PATCH", `${CONFIG_MAPS}/a`, yaml("1"), type);
  assert.match(nobody.json.message, /fieldManager: Required value: is required for apply patch/);
  const made = await ask("PATCH", `${CONFIG_MAPS}/a?fieldManager=one`, yaml("1"), type);
  assert.equal(made.status, 201);
  assert.equal(made.json.metadata.managedFields[0].manager, "one");
  const conflict = await ask("PATCH", `${CONFIG_MAPS}/a?fieldManager=two`, yaml("2"), type);
  assert.equal(conflict.status, 409);
  assert.match(conflict.json.message, /conflict with "one": \.data\.k/);
  const forced = await ask("PATCH", `${CONFIG_MAPS}/a?fieldManager=two&force=true`, yaml("2"), type);
  assert.equal(forced.status, 200);
  assert.equal(forced.json.data.k, "2");
});

test("delete answers as the kind does, and heeds preconditions and finalizers", async (t) => {
  const { ask } = await startHarness(t);
  const made = (await ask("POST", CONFIG_MAPS, map("a", {}, { finalizers: ["example.com/hold"] }))).json;
  const wrong = await ask("DELETE", `${CONFIG_MAPS}/a`, { preconditions: { uid: "another" } });
  assert.equal(wrong.status, 409);
  const held = await ask("DELETE", `${CONFIG_MAPS}/a`);
  assert.equal(held.json.kind, "ConfigMap");
  assert.equal(held.json.metadata.deletionTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(held.json.metadata.deletionGracePeriodSeconds, 0);
  const more = await ask("PATCH", `${CONFIG_MAPS}/a`, { metadata: { finalizers: null } });
  assert.equal(more.status, 200);
  assert.equal((await ask("GET", `${CONFIG_MAPS}/a`)).status, 404);
  await ask("POST", CONFIG_MAPS, map("b"));
  const gone = await ask("DELETE", `${CONFIG_MAPS}/b`);
  assert.deepEqual(gone.json, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: "b", kind: "configmaps", uid: gone.json.details.uid },
  });
  assert.notEqual(gone.json.details.uid, made.metadata.uid);
});

test("propagation leaves its mark for the garbage collector", async (t) => {
  const { ask } = await startHarness(t);
  for (const [policy, finalizer] of [
    ["Foreground", "foregroundDeletion"],
    ["Orphan", "orphan"],
  ]) {
    await ask("POST", CONFIG_MAPS, map(policy!.toLowerCase()));
    const marked = await ask("DELETE", `${CONFIG_MAPS}/${policy!.toLowerCase()}`, {
      propagationPolicy: policy,
    });
    assert.deepEqual(marked.json.metadata.finalizers, [finalizer]);
  }
  const wrong = await ask("DELETE", `${CONFIG_MAPS}/orphan`, { propagationPolicy: "Sideways" });
  assert.equal(wrong.status, 422);
});

test("deletecollection takes what its selector finds", async (t) => {
  const { ask } = await startHarness(t);
  await ask("POST", CONFIG_MAPS, map("a", {}, { labels: { x: "1" } }));
  await ask("POST", CONFIG_MAPS, map("b"));
  const gone = await ask("DELETE", `${CONFIG_MAPS}?labelSelector=x%3D1`);
  assert.deepEqual(
    gone.json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ["a"],
  );
  const left = await ask("GET", CONFIG_MAPS);
  assert.deepEqual(
    left.json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ["b"],
  );
});

test("paths and methods that are none", async (t) => {
  const { ask } = await startHarness(t);
  const cases: [string, string, number, RegExp][] = [
    ["GET", "/api/v1/namespaces/default/things", 404, /the server could not find the requested resource/],
    ["GET", "/apis/none/v1/things", 404, /the server could not find the requested resource/],
    ["GET", "/nothing", 404, /the server could not find the requested resource/],
    ["GET", `${CONFIG_MAPS}/a/status`, 404, /the server could not find the requested resource/],
    ["GET", "/api/v1/configmaps/a", 404, /the server could not find the requested resource/],
    ["POST", "/api/v1/configmaps", 405, /the server does not allow this method on the requested resource/],
    ["GET", `${CONFIG_MAPS}/a`, 404, /configmaps "a" not found/],
    ["GET", "/api/v1/namespaces/default/nodes", 404, /the server could not find the requested resource/],
    ["GET", "/api/v1/namespaces/default/namespaces/default", 200, /^$/],
    [
      "GET",
      "/api/v1/namespaces/default/namespaces/kube-system",
      404,
      /could not find the requested resource/,
    ],
    ["GET", "/api/v1/namespaces/default/pods/a/status/more", 404, /could not find the requested resource/],
    ["POST", `${CONFIG_MAPS}/a`, 405, /the server does not allow this method/],
    ["GET", `${CONFIG_MAPS}/%E0%A4%A`, 400, /invalid URL escape/],
  ];
  for (const [method, path, status, message] of cases) {
    const answer = await ask(method, path, method === "POST" ? map("a") : undefined);
    assert.equal(answer.status, status, path);
    assert.match(answer.json.message ?? "", message, path);
  }
});

test("a handler that breaks answers 500, and the next request is served", async (t) => {
  let broken = true;
  const { ask } = await startHarness(t, {
    admission: [
      {
        name: "Broken",
        handles: ({ resource }) => broken && resource.kind === "ConfigMap",
        admit: () => {
          throw new TypeError("oops");
        },
      },
    ],
  });
  const failed = await ask("POST", CONFIG_MAPS, map("a"));
  assert.equal(failed.status, 500);
  assert.equal(failed.json.reason, "InternalError");
  broken = false;
  assert.equal((await ask("POST", CONFIG_MAPS, map("a"))).status, 201);
});

test("huge bodies, deep nesting", async (t) => {
  const { ask } = await startHarness(t, { limits: { objectBytesMax: 2000, bodyDepthMax: 50 } });
  const huge = await ask("POST", CONFIG_MAPS, map("a", { k: "x".repeat(3000) }));
  assert.equal(huge.status, 413);
  const deep = await ask("POST", CONFIG_MAPS, `${'{"a":'.repeat(100)}1${"}".repeat(100)}`);
  assert.equal(deep.status, 400);
  assert.match(deep.json.message, /exceeded max depth/);
});
