import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { VirtualClock } from "#base/virtual-clock";
import { startHarness } from "../harness.ts";
import { showStorage } from "./storage.ts";

test("a server tells which it is, what is on, how its process is and who asks for old kinds", async (t) => {
  const { ask } = await startHarness(t, { gates: { APIServerIdentity: false } });
  await ask("GET", "/api/v1/endpoints");
  const { text } = await ask("GET", "/metrics");
  for (const line of [
    /^kubernetes_build_info\{major="1",minor="35",.*\} 1$/m,
    /^kubernetes_feature_enabled\{name="APIServerIdentity",stage="BETA"\} 0$/m,
    /^kubernetes_feature_enabled\{name="AnyVolumeDataSource",stage=""\} 1$/m,
    /^process_resident_memory_bytes [1-9]/m,
    /^process_start_time_seconds [1-9]/m,
    /^apiserver_requested_deprecated_apis\{group="",version="v1",resource="endpoints",subresource="",removed_release=""\} 1$/m,
    /^apiserver_watch_cache_events_received_total\{group="",resource="namespaces"\} [1-9]/m,
  ])
    assert.match(text, line);
});

test("the size of the store is shown where it has one, and nothing else waits for a store that says nothing", async () => {
  const clock = new VirtualClock();
  const registry = new Registry();
  let answer: (options?: { readonly signal?: AbortSignal }) => Promise<number | undefined> = async () => 4096;
  showStorage(registry, { sizeBytes: (options) => answer(options) }, clock);
  const shown = async () => (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#"));
  assert.deepEqual(await shown(), ['apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 4096', ""]);
  answer = async () => undefined;
  assert.deepEqual(await shown(), [""]);
  answer = ({ signal } = {}) =>
    new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason as Error)));
  const late = shown();
  await clock.advance(2_000);
  assert.deepEqual(await late, [""]);
});

test("what pods ask for is shown with its unit, until they have ended", async (t) => {
  const { ask } = await startHarness(t);
  const pod = (name: string) => ({
    metadata: { name },
    spec: {
      containers: [
        {
          name: "c",
          image: "i",
          resources: { requests: { cpu: "250m", memory: "1Mi" }, limits: { memory: "2Mi" } },
        },
      ],
    },
  });
  for (const name of ["a", "b"]) await ask("POST", "/api/v1/namespaces/default/pods", pod(name));
  const merge = { "content-type": "application/merge-patch+json" };
  const ended = { status: { phase: "Succeeded" } };
  await ask("PATCH", "/api/v1/namespaces/default/pods/b/status", ended, merge);
  const { text } = await ask("GET", "/metrics/resources");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const labels = (resource: string, unit: string) =>
    `{namespace="default",pod="a",node="",scheduler="default-scheduler",priority="",resource="${resource}",unit="${unit}"}`;
  assert.deepEqual(lines, [
    `kube_pod_resource_request${labels("cpu", "cores")} 0.25`,
    `kube_pod_resource_request${labels("memory", "bytes")} 1048576`,
    `kube_pod_resource_limit${labels("memory", "bytes")} 2097152`,
  ]);
});
