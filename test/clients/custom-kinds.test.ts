/** kubectl 1.35 and a custom kind of an operator's size, against the API server alone. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { databases } from "./custom-kind.ts";
import { OperatorServer } from "./operators/operator-server.ts";

const ORDERS = `
apiVersion: data.example.com/v1
kind: Database
metadata: { name: orders, labels: { team: shop } }
spec:
  version: "16.4"
  server:
    name: server
    env: [{ name: A, value: one }, { name: B, value: two }]
    resources: { requests: { cpu: 500m, memory: 1 } }
  users: [{ name: app, roles: [read, write] }]
  config: { shared_buffers: 128MB, deep: { list: [1, { a: b }] } }
  storage:
    size: 10Gi
    volumeClaimTemplate: { apiVersion: v1, kind: PersistentVolumeClaim, spec: { volumeMode: Block } }
`;

describe("kubectl with a custom kind", () => {
  let server: OperatorServer;
  const kubectl = (words: string, input?: string) => server.kubectl(words, input);
  const failing = (words: string, input?: string) => server.refused(words, input);

  before(async () => {
    server = await OperatorServer.start();
  });
  after(() => server.close());

  it("apply of the definition, wait until it is established", async () => {
    assert.match(await kubectl("apply --server-side -f -", JSON.stringify(databases)), /serverside-applied/);
    const waited = await kubectl(
      "wait --for=condition=Established crd/databases.data.example.com --timeout=180s",
    );
    assert.match(waited, /condition met/);
    assert.match(
      await kubectl("api-resources --api-group=data.example.com"),
      /^databases +db +data.example.com\/v1 +true +Database$/m,
    );
  });

  it("explain, at any depth and in any version", async () => {
    const top = await kubectl("explain databases");
    assert.match(top, /GROUP: +data.example.com\nKIND: +Database\nVERSION: +v1\n/);
    assert.match(top, /A database with its servers\./);
    assert.match(top, /spec\t<Object> -required-/);
    const deep = await kubectl("explain databases.spec.server.env.valueFrom.secretKeyRef");
    assert.match(deep, /A key of a secret\./);
    assert.match(deep, /key\t<string> -required-/);
    assert.match(await kubectl("explain db.spec.backup.schedule"), /When, as for cron\./);
    assert.match(
      await failing("explain db.spec.backup --api-version=data.example.com/v1alpha1"),
      /field "backup" does not exist/,
    );
    assert.match(await kubectl("explain db --recursive"), /minVersion\t<string>/);
    // The older document, in its protobuf form.
    const older = await kubectl("explain db.spec.backup --output=plaintext-openapiv2");
    assert.match(older, /schedule\t<string>\n +When, as for cron\./);
  });

  it("apply, in both ways, with defaults and warnings", async () => {
    assert.equal(
      await kubectl("apply --server-side -f -", ORDERS),
      "database.data.example.com/orders serverside-applied\n",
    );
    const made = JSON.parse(await kubectl("get db orders -o json"));
    assert.deepEqual(made.spec.replicas, 1);
    assert.deepEqual(made.spec.edition, "community");
    assert.deepEqual(made.spec.config, { deep: { list: [1, { a: "b" }] }, shared_buffers: "128MB" });
    assert.equal(made.spec.storage.volumeClaimTemplate.spec.volumeMode, "Block");
    const other = ORDERS.replace("orders", "plain");
    assert.equal(await kubectl("apply -f -", other), "database.data.example.com/plain created\n");
    assert.equal(await kubectl("apply -f -", other), "database.data.example.com/plain unchanged\n");
    const changed = other.replace("value: two", "value: three");
    assert.equal(await kubectl("apply -f -", changed), "database.data.example.com/plain configured\n");
    const old = other.replace("/v1", "/v1alpha1").replace("plain", "old");
    const { stdout, stderr } = await server.ran("apply -f -", old);
    assert.equal(stdout, "database.data.example.com/old created\n");
    assert.match(stderr, /Warning: data.example.com\/v1alpha1 Database is old; use v1/);
  });

  it("a second applier owns its own items of keyed lists", async () => {
    const more = `
apiVersion: data.example.com/v1
kind: Database
metadata: { name: orders }
spec:
  version: "16.4"
  server: { name: server, env: [{ name: C, value: three }] }
  users: [{ name: report, roles: [read] }, { name: app, roles: [admin] }]
`;
    await kubectl("apply --server-side --field-manager=second -f -", more);
    const { spec } = JSON.parse(await kubectl("get db orders -o json"));
    assert.deepEqual(
      spec.server.env.map(({ name }: { name: string }) => name),
      ["A", "B", "C"],
    );
    assert.deepEqual(spec.users.find(({ name }: { name: string }) => name === "app").roles, [
      "read",
      "write",
      "admin",
    ]);
    const conflict = await failing(
      "apply --server-side --field-manager=second -f -",
      more.replace("16.4", "17.0"),
    );
    assert.match(conflict, /conflict with "kubectl": .spec.version/);
  });

  it("what does not fit is refused in the words of the API", async () => {
    const bad = ORDERS.replace('"16.4"', '"new"')
      .replace("users: [{ name: app,", "users: [{")
      .replace("orders", "bad");
    assert.match(
      await failing("apply --server-side -f -", bad),
      /^Error from server: failed to create typed patch object \(default\/bad; data.example.com\/v1, Kind=Database\): .spec.users: element 0: associative list with keys has an element that omits key field "name"/,
    );
    const refused = await failing("create -f -", bad);
    assert.match(refused, /spec\.version: Invalid value: "new": spec\.version in body should match/);
    const typo = await failing(
      "create -f -",
      ORDERS.replace("orders", "typo").replace("version:", "verzion: 1\n  version:"),
    );
    assert.match(typo, /strict decoding error: unknown field "spec\.verzion"/);
    const one = `
apiVersion: data.example.com/v1
kind: Database
metadata: { name: one }
spec: { version: "1.0", backup: { target: { s3: { bucket: a }, volume: { claimName: b } } } }
`;
    assert.match(
      await failing("apply -f -", one),
      /"spec\.backup\.target" must validate one and only one schema \(oneOf\)\. Found 2 valid alternatives/,
    );
  });

  it("get: columns, selectors, other versions, edit by patch", async () => {
    const shown = await kubectl("get databases");
    assert.match(shown, /^NAME +VERSION +REPLICAS +READY +AGE\n/);
    assert.match(shown, /^orders +16\.4 +1 +\S+ ?/m);
    assert.match(await kubectl("get db -o wide"), /EDITION/);
    assert.match(
      await kubectl("get db --field-selector spec.edition=community -o name"),
      /database.data.example.com\/orders/,
    );
    assert.equal(await kubectl("get db -l team=none -o name"), "");
    assert.match(
      await kubectl("get databases.v1alpha1.data.example.com orders -o yaml"),
      /^apiVersion: data.example.com\/v1alpha1$/m,
    );
    await kubectl('patch db orders --type=merge -p {"spec":{"paused":true}}');
    assert.equal(await kubectl("get db orders -o jsonpath={.spec.paused}"), "true");
    assert.equal(await kubectl("label db orders tier=gold"), "database.data.example.com/orders labeled\n");
    assert.equal(
      await kubectl("annotate db orders note=yes"),
      "database.data.example.com/orders annotated\n",
    );
    const dry = await kubectl(
      'patch db orders --dry-run=server --type=json -p [{"op":"remove","path":"/spec/paused"}]',
    );
    assert.match(dry, /patched/);
    assert.equal(await kubectl("get db orders -o jsonpath={.spec.paused}"), "true");
    assert.match(await kubectl("get all"), /database.data.example.com\/orders/);
  });

  it("scale, status, delete", async () => {
    assert.match(await kubectl("scale db/orders --replicas=3"), /scaled/);
    assert.equal(await kubectl("get db orders -o jsonpath={.spec.replicas}"), "3");
    assert.match(
      await failing("scale db/orders --replicas=7"),
      /spec: Invalid value: .*more than five servers need the enterprise edition/,
    );
    assert.match(
      await failing('patch db orders --type=merge -p {"spec":{"edition":"enterprise"}}'),
      /the edition cannot be changed/,
    );
    assert.match(await failing("scale db/orders --replicas=30"), /should be less than or equal to 9/);
    const status = { status: { conditions: [{ type: "Ready", status: "True" }], replicas: 3 } };
    await kubectl(`patch db orders --subresource=status --type=merge -p ${JSON.stringify(status)}`);
    assert.match(await kubectl("get db orders"), /^orders +16\.4 +3 +True/m);
    assert.match(await kubectl("wait --for=condition=Ready db/orders --timeout=5s"), /condition met/);
    assert.match(await kubectl("describe db orders"), /Shared _ buffers:|shared_buffers/);
    assert.match(await kubectl("delete db plain"), /deleted/);
    await kubectl("delete crd databases.data.example.com --timeout=180s");
    assert.match(
      await failing("get databases"),
      /could not find the requested resource|doesn't have a resource type "databases"/,
    );
  });
});
