/** A definition of half a megabyte and more: whole pods, quantities, embedded objects, lists with several keys. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { monitors } from "./monitors.ts";
import { type Json, OperatorServer, yamlOf } from "./operator-server.ts";
import { fieldCount, structuralFrom } from "./pod-schema.ts";
import type { Definition } from "./schema.ts";

const MAIN = `
apiVersion: monitoring.example.com/v1
kind: Monitor
metadata: { name: main }
spec:
  replicas: 2
  memory: 400Mi
  maxUnavailable: 1
  externalLabels: { region: north }
  features: [agent]
  scrapes:
    - { name: web, port: metrics, relabelings: [{ sourceLabels: [__name__], regex: go_.* }] }
    - { name: web, port: 9090, scheme: https }
  template:
    metadata: { labels: { app: monitor } }
    spec:
      containers:
        - name: server
          image: example.com/monitor:1
          ports: [{ containerPort: 9090 }, { containerPort: 9090, protocol: UDP }]
          resources: { requests: { cpu: 1, memory: 1.5Gi } }
          livenessProbe: { httpGet: { path: /healthy, port: web } }
  storage:
    volumeClaimTemplate:
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: { name: data, labels: { of: monitor } }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 10Gi } } }
  extraObjects:
    - { apiVersion: v1, kind: ConfigMap, metadata: { name: extra }, data: { free: form } }
`;

describe("a monitoring operator's definition", () => {
  let server: OperatorServer;
  let monitor: Definition;
  before(async () => {
    server = await OperatorServer.start();
    const core = JSON.parse(await server.raw("/openapi/v3/api/v1")) as Json;
    monitor = monitors(
      structuralFrom(core, "io.k8s.api.core.v1.PodSpec"),
      structuralFrom(core, "io.k8s.api.core.v1.PersistentVolumeClaimSpec"),
    );
  });
  after(() => server.close());

  it("is as large as they are", () => {
    assert.ok(fieldCount(monitor.spec.versions[0]!.schema.openAPIV3Schema) > 3000);
    assert.ok(yamlOf(monitor).length > 1_000_000);
  });

  it("does not fit into the annotation of an apply by the client, and is applied by the server", async () => {
    assert.match(
      await server.refused("apply -f -", yamlOf(monitor)),
      /metadata.annotations: Too long: may not be more than 262144 bytes/,
    );
    await server.install(monitor);
    assert.match(await server.kubectl("apply --server-side -f -", yamlOf(monitor)), /serverside-applied/);
    const { metadata } = await server.read("get crd monitors.monitoring.example.com");
    assert.equal(metadata.generation, 1);
  });

  it("is explained down to the pods' last fields", async () => {
    const deep = "monitor.spec.sidecarTemplate.spec.containers.env.valueFrom.fieldRef.fieldPath";
    assert.match(await server.kubectl(`explain ${deep}`), /FIELD: fieldPath <string>\n/);
    assert.match(await server.kubectl("explain mon.spec.scrapes"), / name\t<string> -required-\n/);
    const all = await server.kubectl("explain mon --recursive");
    assert.ok(all.split("\n").length > 3000);
  });

  it("keeps what is known at every depth, with its defaults", async () => {
    await server.kubectl("apply --server-side -f -", MAIN);
    const { spec } = await server.read("get mon main");
    assert.equal(spec.retention, "15d");
    assert.equal(spec.maxUnavailable, 1);
    assert.deepEqual(spec.scrapes[0], {
      interval: "30s",
      name: "web",
      port: "metrics",
      relabelings: [{ action: "replace", regex: "go_.*", sourceLabels: ["__name__"] }],
      scheme: "http",
    });
    assert.deepEqual(spec.template.spec.containers[0].ports, [
      { containerPort: 9090, protocol: "TCP" },
      { containerPort: 9090, protocol: "UDP" },
    ]);
    assert.deepEqual(spec.template.spec.containers[0].resources, { requests: { cpu: 1, memory: "1.5Gi" } });
    assert.deepEqual(spec.storage.volumeClaimTemplate.metadata, { labels: { of: "monitor" }, name: "data" });
    assert.deepEqual(spec.extraObjects[0].data, { free: "form" });
    assert.equal((await server.read("get monitors.v1beta1.monitoring.example.com main")).spec.shards, 1);
  });

  it("two appliers share a list by all three of its keys", async () => {
    const second = `
apiVersion: monitoring.example.com/v1
kind: Monitor
metadata: { name: main }
spec:
  scrapes:
    - { name: web, port: 9090, scheme: https, interval: 10s }
    - { name: web, port: 9090, scheme: http, path: /other }
`;
    await server.kubectl("apply --server-side --field-manager=second -f -", second);
    const { spec, metadata } = await server.read("get mon main --show-managed-fields");
    assert.deepEqual(
      spec.scrapes.map(({ name, port, scheme }: Json) => `${name} ${port} ${scheme}`),
      ["web metrics http", "web 9090 https", "web 9090 http"],
    );
    const owned = metadata.managedFields.find(({ manager }: Json) => manager === "second").fieldsV1["f:spec"];
    assert.deepEqual(Object.keys(owned["f:scrapes"]).sort(), [
      'k:{"name":"web","port":9090,"scheme":"http"}',
      'k:{"name":"web","port":9090,"scheme":"https"}',
    ]);
    // What it no longer says goes; what others own stays.
    const less = second.replace(/ +- .*path: .other }\n/, "");
    await server.kubectl("apply --server-side --field-manager=second -f -", less);
    assert.equal((await server.read("get mon main")).spec.scrapes.length, 2);
  });

  it("refuses what a pod would refuse, and what an operator would", async () => {
    const bad = MAIN.replace("name: main", "name: bad")
      .replace("memory: 400Mi", "memory: much")
      .replace("maxUnavailable: 1", "maxUnavailable: true")
      .replace("containerPort: 9090 }", "containerPort: web }")
      .replace("kind: PersistentVolumeClaim", "kind: ''")
      .replace("metadata: { name: extra }", "metadata: { name: extra, labels: { 'a b': c } }")
      .replace("port: 9090, scheme: https", "port: 9090, scheme: gopher")
      .replace("features: [agent]", "features: [agent, agent, '']");
    const refused = await server.refused("create -f -", bad);
    for (const line of [
      'spec.memory: Invalid value: "much": spec.memory in body should match \'^(\\+|-)?(([0-9]+',
      'spec.maxUnavailable: Invalid value: "boolean": spec.maxUnavailable in body must be of type integer,string: "boolean"',
      '<nil>: Invalid value: "": "spec.maxUnavailable" must validate at least one schema (anyOf)',
      'spec.template.spec.containers[0].ports[0].containerPort: Invalid value: "string": spec.template.spec.containers[0].ports[0].containerPort in body must be of type integer: "string"',
      "spec.storage.volumeClaimTemplate.kind: Required value",
      'spec.extraObjects[0].metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters',
      'spec.scrapes[1].scheme: Unsupported value: "gopher": supported values: "http", "https"',
      'spec.features[2]: Invalid value: "": spec.features[2] in body should be at least 1 chars long',
      'spec.features[1]: Duplicate value: "agent"',
    ])
      assert.ok(refused.includes(line), `${line}\n${refused}`);
    const unknown = MAIN.replace("name: main", "name: odd")
      .replace("image: example", "imagge: example")
      .replace("name: data,", "name: data, nickname: d,");
    const strict = await server.refused("create -f -", unknown);
    assert.match(strict, /unknown field "spec.template.spec.containers\[0\].imagge"/);
    assert.match(strict, /unknown field "spec.storage.volumeClaimTemplate.metadata.nickname"/);
  });

  it("shows the first of many in a column, and scales its shards", async () => {
    assert.match(
      await server.kubectl("get mon"),
      /^NAME +DESIRED +SCRAPES +LABELS +AVAILABLE\nmain +2 +web +\{"region":"north"\} *$/m,
    );
    assert.match(await server.kubectl("scale mon/main --replicas=4 --current-replicas=1"), /scaled/);
    const main = await server.read("get mon main");
    assert.equal(main.spec.shards, 4);
    assert.equal(main.spec.replicas, 2);
    const scale = JSON.parse(
      await server.raw("/apis/monitoring.example.com/v1/namespaces/default/monitors/main/scale"),
    ) as Json;
    assert.equal(scale.apiVersion, "autoscaling/v1");
    assert.deepEqual([scale.spec, scale.status], [{ replicas: 4 }, { replicas: 0 }]);
    assert.match(
      await server.refused("scale mon/main --replicas=0"),
      /spec.shards: Invalid value: 0: spec.shards in body should be greater than or equal to 1/,
    );
  });
});
