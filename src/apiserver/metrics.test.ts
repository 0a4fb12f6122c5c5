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

test("what a client says of dry runs makes no line twice", async () => {
  const metrics = new RequestMetrics();
  const ask = (query: string) => requestInfoOf("GET", "/api/v1/namespaces/a/pods/b", query);
  metrics.finished(ask(""), 200, 1, 10);
  metrics.finished(ask("?dryRun=All"), 200, 1, 10);
  const ends = [metrics.opened(ask("")), metrics.opened(ask("?dryRun=All"))];
  const lines = (await metrics.text()).split("\n").filter((line) => !line.startsWith("#"));
  const names = lines.map((line) => line.replace(/ \S+$/, ""));
  assert.deepEqual(
    names.filter((name, index) => name !== "" && names.indexOf(name) !== index),
    [],
  );
  const of = (name: string) =>
    lines.filter((line) => line.startsWith(name)).map((line) => line.split(" ")[1]);
  assert.deepEqual(of("apiserver_response_sizes_count"), ["2"]);
  assert.deepEqual(of("apiserver_longrunning_requests"), ["2"]);
  for (const end of ends) end();
});

test("service levels do not count the time that requests waited for their turn", async () => {
  const metrics = new RequestMetrics();
  const info = requestInfoOf("GET", "/api/v1/namespaces/a/pods/b", "");
  metrics.finished(info, 200, 20);
  metrics.finished(info, 200, 3_000, 0, 2_900);
  const text = await metrics.text();
  const of = (name: string, bound: string) =>
    new RegExp(`^${name}_bucket\\{le="${bound}".* (\\d+)$`, "m").exec(text)?.[1];
  assert.equal(of("apiserver_request_duration_seconds", "2"), "1");
  assert.equal(of("apiserver_request_sli_duration_seconds", "0.05"), "1");
  assert.equal(of("apiserver_request_sli_duration_seconds", "0.1"), "2");
  assert.equal(of("apiserver_request_sli_duration_seconds", "0.025"), undefined);
  assert.match(text, /^apiserver_request_sli_duration_seconds_sum.* 0\.12\d*$/m);
});
