/** Clusters of databases: scaled by everyone, selected by fields, defaulted in their depths, with parts that never change. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CustomObjectsApi, Watch } from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { clustersWith, newVersion, oldVersion } from "./clusters.ts";
import { type Json, OperatorServer } from "./operator-server.ts";

const ORDERS = `
apiVersion: databases.example.com/v1
kind: Cluster
metadata: { name: orders, labels: { team: shop } }
spec:
  engine: postgres
  engineVersion: "16.4"
  volume: { size: 10Gi, storageClass: fast }
  maxBytes: 9007199254740993
  members:
    - name: primary
    - { name: reader, count: 2, ports: [{ port: 6432 }, { port: 6432, protocol: UDP, name: dns }], probes: { thresholds: { up: 5 } } }
`;
const CACHE = `
apiVersion: databases.example.com/v1
kind: Cluster
metadata: { name: cache }
spec: { engine: mysql, encrypted: true, shards: 4, volume: { size: 1Gi } }
`;
const of = { group: "databases.example.com", version: "v1", namespace: "default", plural: "clusters" };

describe("a database operator's definition", () => {
  let server: OperatorServer;
  let api: CustomObjectsApi;
  before(async () => {
    server = await OperatorServer.start();
    api = server.config.makeApiClient(CustomObjectsApi);
    await server.install(clustersWith({ ...oldVersion, storage: true }));
  });
  after(() => server.close());

  it("gets a newer version beside the old one, which becomes the stored one", async () => {
    const old = `${ORDERS.replace("/v1", "/v1alpha1").replace("name: orders", "name: elder")}  nodeCount: 3\n`;
    const { stderr } = await server.ran("create -f -", old);
    assert.equal(stderr, "Warning: databases.example.com/v1alpha1 Cluster is as good as gone\n");
    await server.install(clustersWith(newVersion, oldVersion));
    await eventually(async () => {
      const group = JSON.parse(await server.raw("/apis/databases.example.com")) as Json;
      assert.equal(group.preferredVersion.version, "v1");
    });
    const { status } = await server.read("get crd clusters.databases.example.com");
    assert.deepEqual(status.storedVersions, ["v1alpha1", "v1"]);
    // What v1 does not know is not shown, and still there for those who know it.
    assert.equal(
      (await server.read("get clusters.v1.databases.example.com elder")).spec.nodeCount,
      undefined,
    );
    assert.equal((await server.read("get clusters.v1alpha1.databases.example.com elder")).spec.nodeCount, 3);
    await server.kubectl("delete dbc elder");
  });

  it("fills in defaults of defaults, in lists and by their keys", async () => {
    await server.kubectl("apply --server-side -f -", `${ORDERS}---\n${CACHE}`);
    const { spec } = await server.read("get dbc orders");
    assert.equal(spec.instances, 3);
    assert.deepEqual(spec.members, [
      {
        count: 1,
        name: "primary",
        ports: [{ name: "db", port: 5432, protocol: "TCP" }],
        probes: { period: 10, thresholds: { down: 3, up: 1 } },
      },
      {
        count: 2,
        name: "reader",
        ports: [
          { name: "db", port: 6432, protocol: "TCP" },
          { name: "dns", port: 6432, protocol: "UDP" },
        ],
        probes: { period: 10, thresholds: { down: 3, up: 5 } },
      },
    ]);
    const raw = await server.raw("/apis/databases.example.com/v1/namespaces/default/clusters/orders");
    assert.match(raw, /"maxBytes":9007199254740993[,}]/);
  });

  it("is scaled by kubectl, by its subresource and for an autoscaler", async () => {
    const status = { instances: 2, selector: "db=orders,tier in (a,b)", readyInstances: 1 };
    await server.kubectl([
      "patch",
      "dbc",
      "orders",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    ]);
    const scale = (await api.getNamespacedCustomObjectScale({ ...of, name: "orders" })) as Json;
    assert.deepEqual(scale.spec, { replicas: 3 });
    assert.deepEqual(scale.status, { replicas: 2, selector: "db=orders,tier in (a,b)" });
    assert.equal(
      await server.kubectl("scale dbc orders --replicas=5"),
      "cluster.databases.example.com/orders scaled\n",
    );
    assert.match(
      await server.refused("scale dbc orders --replicas=6 --current-replicas=2"),
      /Expected replicas to be 2, was 5/,
    );
    await api.replaceNamespacedCustomObjectScale({
      ...of,
      name: "orders",
      body: { ...scale, metadata: { name: "orders", namespace: "default" }, spec: { replicas: 7 } },
    });
    const orders = await server.read("get dbc orders");
    assert.equal(orders.spec.instances, 7);
    assert.match(
      await server.refused("scale dbc orders --replicas=70"),
      /spec.instances: Invalid value: 70: spec.instances in body should be less than or equal to 9/,
    );
    assert.match(
      await server.refused("scale dbc cache --replicas=4"),
      /spec.instances: Invalid value: an odd number of instances is wanted in home/,
    );
    await server.kubectl("autoscale dbc orders --min=1 --max=9 --cpu=80%");
    const { spec } = await server.read("get hpa orders");
    assert.deepEqual(spec.scaleTargetRef, {
      apiVersion: "databases.example.com/v1",
      kind: "Cluster",
      name: "orders",
    });
    const patched = await server.kubectl([
      "patch",
      "dbc",
      "orders",
      "--subresource=scale",
      "--type=merge",
      "-p",
      '{"spec":{"replicas":3}}',
      "-o",
      "jsonpath={.kind} {.spec.replicas}",
    ]);
    assert.equal(patched, "Scale 3");
  });

  it("is selected by its fields, in lists, watches and deletions", async () => {
    const names = async (selector: string) =>
      (await server.kubectl(["get", "dbc", "-o", "name", "--field-selector", selector]))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.slice("cluster.databases.example.com/".length));
    assert.deepEqual(await names("spec.engine=mysql"), ["cache"]);
    assert.deepEqual(await names("spec.engine!=mysql"), ["orders"]);
    assert.deepEqual(await names("spec.encrypted=true,spec.shards=4"), ["cache"]);
    assert.deepEqual(await names("spec.region=home,metadata.name=orders"), ["orders"]);
    assert.match(
      await server.refused("get dbc --field-selector spec.instances=3"),
      /field label not supported: spec.instances/,
    );
    const seen: string[] = [];
    const request = await new Watch(server.config).watch(
      "/apis/databases.example.com/v1/clusters",
      { fieldSelector: "spec.shards=4" },
      (phase, { metadata }: Json) => seen.push(`${phase} ${metadata.name}`),
      () => undefined,
    );
    await eventually(() => assert.deepEqual(seen, ["ADDED cache"]));
    await server.kubectl(["patch", "dbc", "orders", "--type=merge", "-p", '{"spec":{"shards":4}}']);
    await server.kubectl(["patch", "dbc", "cache", "--type=merge", "-p", '{"spec":{"shards":5}}']);
    await eventually(() => assert.deepEqual(seen, ["ADDED cache", "ADDED orders", "DELETED cache"]));
    request.abort();
    const { spec } = await server.read("get crd clusters.databases.example.com");
    assert.equal(spec.versions[0].selectableFields.length, 4);
  });

  it("some of it never changes", async () => {
    const patch = (spec: object) => [
      "patch",
      "dbc",
      "orders",
      "--type=merge",
      "-p",
      JSON.stringify({ spec }),
    ];
    assert.match(
      await server.refused(patch({ engine: "mysql", instances: 5 })),
      /spec.engine: Invalid value: "mysql": engine is immutable/,
    );
    assert.match(
      await server.refused(patch({ volume: { storageClass: "slow" } })),
      /spec.volume.storageClass: Invalid value: "slow": storageClass is immutable/,
    );
    assert.match(
      await server.refused(patch({ volume: { size: "5Gi" } })),
      /spec: Invalid value: volumes do not shrink/,
    );
    await server.kubectl(patch({ volume: { size: "10240Mi" } }));
    await server.kubectl(patch({ volume: { size: 20000000000 } }));
  });

  it("columns and status, apart from what is wanted", async () => {
    const shown = await server.kubectl("get dbc -o wide");
    assert.match(shown, /^NAME +ENGINE +INSTANCES +ENCRYPTED +MAX +AGE\n/);
    assert.match(shown, /^cache +mysql +true +\S+$/m);
    assert.match(shown, /^orders +postgres +2 +false +9007199254740993 +\S+$/m);
    const before = await server.read("get dbc orders");
    const replaced = (await api.replaceNamespacedCustomObjectStatus({
      ...of,
      name: "orders",
      body: {
        ...before,
        metadata: { ...before.metadata, labels: { team: "other" } },
        spec: { ...before.spec, shards: 9 },
        status: { phase: "Ready", unknown: 1 },
      },
    })) as Json;
    assert.equal(replaced.spec.shards, 4);
    assert.deepEqual(replaced.metadata.labels, { team: "shop" });
    assert.deepEqual(replaced.status, { phase: "Ready" });
    assert.equal(replaced.metadata.generation, before.metadata.generation);
    const again = (await api.replaceNamespacedCustomObject({
      ...of,
      name: "orders",
      body: { ...replaced, spec: { ...replaced.spec, shards: 9 }, status: { phase: "No" } },
    })) as Json;
    assert.deepEqual(again.status, { phase: "Ready" });
    assert.equal(again.metadata.generation, before.metadata.generation + 1);
    await assert.rejects(
      api.replaceNamespacedCustomObject({ ...of, name: "orders", body: replaced }),
      /the object has been modified; please apply your changes to the latest version and try again/,
    );
  });

  it("goes with everything", async () => {
    await server.kubectl("delete crd clusters.databases.example.com --timeout=180s");
    assert.match(
      await server.refused("get dbc"),
      /the server could not find the requested resource|doesn't have a resource type "dbc"/,
    );
    await server.install(clustersWith(newVersion));
    assert.equal(await server.kubectl("get dbc -o name"), "");
  });
});
