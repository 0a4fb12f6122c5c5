/** What managed fields cost: a create of a pod, an update of its status, and applies of it. Run with node. */
import { Pod } from "#api/core-v1/pod";
import { applyDefaults } from "#machinery/derive/defaults";
import { decodeJson } from "#machinery/derive/json";
import type { AnyObject } from "#machinery/schema";
import type { JsonObject } from "../patch/merge-patch.ts";
import { applyServerSide } from "./apply.ts";
import { wholeNode } from "./struct-node.ts";
import { trackUpdate } from "./track-update.ts";
import { shapeProblem } from "./shape-problem.ts";

const container = (name: string) => ({
  name,
  image: "registry.example/app:1",
  ports: [{ containerPort: 8080, name: "http" }],
  env: Array.from({ length: 8 }, (_each, index) => ({ name: `VARIABLE_${index}`, value: `value ${index}` })),
  resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } },
  volumeMounts: [{ name: "data", mountPath: "/data" }],
});
const sent = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web",
    namespace: "default",
    labels: { app: "web", tier: "front" },
    annotations: { note: "benchmark" },
  },
  spec: { containers: [container("web"), container("sidecar")], volumes: [{ name: "data", emptyDir: {} }] },
};
const resource = Pod as unknown as Parameters<typeof trackUpdate>[0]["resource"];
const before = decodeJson(resource, { apiVersion: "v1", kind: "Pod", metadata: {} }) as AnyObject;
const created = applyDefaults(resource, decodeJson(resource, sent) as AnyObject) as AnyObject;
const now = "2026-01-01T00:00:00Z";
const track = (from: AnyObject, to: AnyObject, manager: string, subresource: string) =>
  trackUpdate({ resource, before: from, after: to, manager, subresource, now });

const owned = {
  ...created,
  metadata: { ...created.metadata, managedFields: track(before, created, "kubectl", "") },
};
const running = {
  ...owned,
  status: { phase: "Running", podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
};

function measure(what: string, work: () => unknown): void {
  for (let round = 0; round < 3_000; round++) work();
  const rounds = 10_000;
  const { user } = process.cpuUsage();
  for (let round = 0; round < rounds; round++) work();
  console.log(`${what}: ${((process.cpuUsage().user - user) / rounds).toFixed(1)} µs`);
}

measure("create", () => track(before, created, "kubectl", ""));
measure("status update", () => track(owned, running as AnyObject, "kubelet", "status"));

const apply = (live: AnyObject, applied: JsonObject) =>
  applyServerSide({
    resource,
    live,
    empty: before,
    applied,
    manager: "me",
    subresource: "",
    force: true,
    ignored: ["status"],
    now,
    canonical: (merged) => decodeJson(resource.schema, merged),
  });
const made = apply(owned as AnyObject, sent);
const applied = { ...made.object, metadata: { ...made.object.metadata, managedFields: made.managedFields } };
const withImage = (image: string): JsonObject => ({
  ...sent,
  spec: { ...sent.spec, containers: sent.spec.containers.map((one) => ({ ...one, image })) },
});
const withoutEnv = {
  ...sent,
  spec: { ...sent.spec, containers: sent.spec.containers.map((one) => ({ ...one, env: [] })) },
};
const changed = withImage("registry.example/app:2");

measure("shape of a configuration", () => shapeProblem(wholeNode(resource.schema), sent));
measure("apply of what is there", () => apply(applied, sent));
measure("apply of another image", () => apply(applied, changed));
measure("apply without what was applied before", () => apply(applied, withoutEnv));
