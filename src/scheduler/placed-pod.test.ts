import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { hostPortsOf, Placing } from "./placed-pod.ts";

const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "set", controller: true };
const repelling = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "kubernetes.io/hostname" }],
  },
};

const pod = (name: string, spec: object = {}): Pod =>
  structuredClone({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", uid: name, labels: { app: "web" }, ownerReferences: [owner] },
    spec: {
      containers: [{ name: "web", image: "web", resources: { requests: { cpu: "100m", memory: "64Mi" } } }],
      ...spec,
    },
    status: {},
  }) as unknown as Pod;

test("replicas are remembered with what they have in common kept once", () => {
  const placing = new Placing();
  const [one, other] = [placing.of(pod("a")), placing.of(pod("b", { priority: 7 }))];
  assert.equal(one.metadata.labels, other.metadata.labels);
  assert.equal(one.metadata.ownerReferences, other.metadata.ownerReferences);
  assert.equal(one.requests, other.requests);
  assert.deepEqual([one.metadata.uid, one.priority, other.metadata.uid, other.priority], ["a", 0, "b", 7]);
  assert.equal(one.requests.get("cpu"), placing.of(pod("c")).requests.get("cpu"));
});

test("what differs is not taken for the same", () => {
  const placing = new Placing();
  const one = placing.of(pod("a"));
  const big = { containers: [{ name: "web", image: "web", resources: { requests: { cpu: "2" } } }] };
  const other = placing.of(pod("b", big));
  assert.notDeepEqual([...one.requests], [...other.requests]);
});

test("affinity is remembered where it keeps others away, and only there", () => {
  const placing = new Placing();
  assert.deepEqual(placing.of(pod("a", { affinity: repelling })).affinity, repelling);
  const preferring = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
  assert.equal(placing.of(pod("b", { affinity: preferring })).affinity, undefined);
});

test("host ports are those of containers that stay", () => {
  const ports = (hostPort: number) => [{ containerPort: 1, hostPort }];
  const spec = {
    containers: [{ name: "a", image: "a", ports: ports(80) }],
    initContainers: [
      { name: "once", image: "a", ports: ports(81) },
      { name: "side", image: "a", restartPolicy: "Always", ports: ports(82) },
    ],
  };
  assert.deepEqual(hostPortsOf(pod("a", spec)), ["TCP/0.0.0.0/80", "TCP/0.0.0.0/82"]);
});
