import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { RequestMetrics } from "./metrics.ts";
import { requestInfoOf } from "./request/request-info.ts";

test("methods that clients make up are counted together", async () => {
  const metrics = new RequestMetrics();
  for (let index = 0; index < 100; index++)
    metrics.finished(requestInfoOf(`X${index}`, "/version", ""), 405, 1);
  metrics.finished(requestInfoOf("OPTIONS", "/version", ""), 405, 1);
  const lines = (await metrics.text())
    .split("\n")
    .filter((line) => line.startsWith("apiserver_request_total{"));
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /verb="other".* 100$/);
  assert.match(lines[1]!, /verb="OPTIONS".* 1$/);
});

test("what watches of a kind were sent is counted on when the kind is made anew", async () => {
  const metrics = new RequestMetrics();
  metrics.trafficOf({ resource: ConfigMap }).events++;
  metrics.trafficOf({ resource: { ...ConfigMap } }).events++;
  const lines = (await metrics.text())
    .split("\n")
    .filter((line) => line.startsWith("apiserver_watch_events_total{"));
  assert.deepEqual(lines, ['apiserver_watch_events_total{group="",version="v1",resource="configmaps"} 2']);
});
