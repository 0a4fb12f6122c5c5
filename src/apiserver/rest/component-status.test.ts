import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, startHarness } from "../harness.ts";

const PATH = "/api/v1/componentstatuses";

test("the parts of the control plane say how they are, with a warning that nobody should ask", async (t) => {
  let problem: string | undefined;
  const { ask } = await startHarness(t, {
    components: [{ name: "scheduler", check: () => problem }],
  });
  const list = await ask("GET", PATH);
  assert.match(String(list.headers.warning), /299 - "v1 ComponentStatus is deprecated in v1.19\+"/);
  assert.equal(list.json.kind, "ComponentStatusList");
  const healthy = (name: string) => ({
    metadata: { name },
    conditions: [{ type: "Healthy", status: "True", message: "ok" }],
  });
  assert.deepEqual(list.json.items, [healthy("scheduler"), healthy("etcd-0")]);
  const one = await ask("GET", `${PATH}/etcd-0`);
  assert.deepEqual(one.json, { kind: "ComponentStatus", apiVersion: "v1", ...healthy("etcd-0") });
  problem = "asleep";
  const { conditions } = (await ask("GET", `${PATH}/scheduler`)).json;
  assert.deepEqual(conditions, [{ type: "Healthy", status: "False", error: "asleep" }]);

  const accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
  const table = await ask("GET", `${PATH}?fieldSelector=metadata.name%3Dscheduler`, undefined, { accept });
  assert.deepEqual(
    table.json.rows.map(({ cells }: Json) => cells),
    [["scheduler", "Unhealthy", "", "asleep"]],
  );
  const missing = await ask("GET", `${PATH}/none`);
  assert.deepEqual([missing.status, missing.json.message], [404, 'componentstatuses "none" not found']);
  assert.equal((await ask("DELETE", `${PATH}/etcd-0`)).status, 405);
  assert.equal((await ask("POST", PATH, {})).status, 405);
  assert.equal((await ask("GET", `${PATH}?watch=true`)).status, 405);
});

test("who asks for endpoints hears what has taken their place", async (t) => {
  const { ask } = await startHarness(t);
  const { headers } = await ask("GET", "/api/v1/namespaces/default/endpoints");
  assert.match(
    String(headers.warning),
    /v1 Endpoints is deprecated in v1.33\+; use discovery.k8s.io\/v1 EndpointSlice/,
  );
});
