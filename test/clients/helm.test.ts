/** The life of a Helm release: installed, upgraded, rolled back, uninstalled. The tests build on one another. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";

const chart = fileURLToPath(new URL("chart", import.meta.url));

describe("helm", () => {
  let cluster: LocalCluster;
  before(async () => (cluster = await startLocalCluster()));
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const greeting = () => cluster.kubectl("exec deployment/shop -- sh -c", "echo $GREETING");
  const ready = () => cluster.kubectl("get deployment shop -o jsonpath={.status.readyReplicas}");

  it("install --wait", async () => {
    const said = await cluster.helm(`install shop ${chart} --wait --timeout 60s`);
    assert.match(said, /^STATUS: deployed$/m);
    assert.match(said, /^REVISION: 1$/m);
    assert.match(said, /shop greets with: good morning/);
    assert.equal(await ready(), "2");
    assert.equal(await greeting(), "good morning\n");
    assert.equal(await cluster.kubectl("exec deployment/shop -- cat /secret/password"), "secret");
    const kinds = await cluster.kubectl(
      "get deployment,service,configmap,secret,serviceaccount -l app.kubernetes.io/managed-by=Helm -o name",
    );
    assert.deepEqual(kinds.trim().split("\n"), [
      "deployment.apps/shop",
      "service/shop",
      "configmap/shop",
      "secret/shop",
      "serviceaccount/shop",
    ]);
  });

  it("list, status, get", async () => {
    assert.match(await cluster.helm("list"), /^shop\tdefault *\t1 *\t.*\tdeployed\thello-1\.0\.0\t1/m);
    assert.match(await cluster.helm("status shop"), /^STATUS: deployed$/m);
    assert.match(await cluster.helm("get manifest shop"), /kind: Deployment/);
  });

  it("upgrade", async () => {
    await cluster.helm(
      `upgrade shop ${chart} --wait --timeout 60s --set replicas=1 --set`,
      "greeting=good evening",
    );
    assert.equal(await cluster.kubectl("get deployment shop -o jsonpath={.spec.replicas}"), "1");
    await eventually(async () => assert.equal(await greeting(), "good evening\n"));
  });

  it("an upgrade that never gets ready fails, and says so", async () => {
    await assert.rejects(
      cluster.helm(`upgrade shop ${chart} --wait --timeout 4s --set image=k8ts.local/none:1`),
      /UPGRADE FAILED/,
    );
    assert.match(await cluster.helm("history shop"), /^3 .*failed/m);
  });

  it("rollback", async () => {
    await cluster.helm("rollback shop 1 --wait --timeout 60s");
    assert.equal(await ready(), "2");
    await eventually(async () => assert.equal(await greeting(), "good morning\n"));
    assert.match(await cluster.helm("history shop"), /^1 .*superseded[^]*^4 .*deployed.*Rollback to 1/m);
  });

  it("uninstall", async () => {
    assert.equal(await cluster.helm("uninstall shop --wait --timeout 60s"), 'release "shop" uninstalled\n');
    assert.equal(await cluster.helm("list -q"), "");
    await eventually(async () => {
      assert.equal(await cluster.kubectl("get deployments,replicasets,pods,secrets -o name"), "");
      assert.equal(await cluster.kubectl("get serviceaccounts -o name"), "serviceaccount/default\n");
    });
  });
});
