/** kubectl and a group that another server answers for; nothing but loopback is needed. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AggregatedCluster, startAggregatedCluster } from "#testing/extension-server/aggregated-cluster";
import { startExtensionServer } from "#testing/extension-server/extension-server";
import { clientBinary } from "../tools/client-binaries.ts";
import { output, run, start } from "../tools/run.ts";

const FLUNDER = JSON.stringify({
  apiVersion: "wardle.example.com/v1alpha1",
  kind: "Flunder",
  metadata: { name: "flo" },
  spec: { reference: "fin" },
});

/** kubectl as the administrator, with a cache of its own. */
async function kubectlFor(t: TestContext, { url, ca, adminToken }: AggregatedCluster) {
  const dir = await mkdtemp(join(tmpdir(), "kubectl-"));
  t.after(() => rm(dir, { recursive: true }));
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "c",
        cluster: { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") },
      },
    ],
    users: [{ name: "u", user: { token: adminToken } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  };
  const kubeconfig = join(dir, "config");
  await writeFile(kubeconfig, JSON.stringify(config));
  const binary = clientBinary("kubectl");
  const words = (text: string) => [`--cache-dir=${join(dir, "cache")}`, ...text.split(" ")];
  const options = { env: { KUBECONFIG: kubeconfig } };
  return {
    ok: (text: string, input?: string) =>
      output(binary, words(text), input === undefined ? options : { ...options, input }),
    fails: async (text: string) => (await run(binary, words(text), options)).stderr,
    begin: (text: string) => start(binary, words(text), options),
  };
}

test("kubectl works with the kinds of an extension server", async (t) => {
  const cluster = await startAggregatedCluster(t);
  const extension = await startExtensionServer({ cluster: cluster.forExtension, ...cluster.certificate() });
  t.after(() => extension.close());
  await cluster.announce(extension.port);
  await cluster.available("Passed");
  const { ok, fails, begin } = await kubectlFor(t, cluster);

  assert.match(
    await ok("api-resources --api-group=wardle.example.com"),
    /flunders +fl +wardle.example.com\/v1alpha1 +true +Flunder/,
  );
  assert.match(
    await ok("get apiservice v1alpha1.wardle.example.com"),
    /v1alpha1.wardle.example.com +wardle\/flunders +True/,
  );
  const watch = begin("get flunders --watch --output-watch-events");
  t.after(() => watch.stop());
  assert.equal(await ok("create -f -", FLUNDER), "flunder.wardle.example.com/flo created\n");
  await watch.says(/ADDED +flo +fin/);
  assert.match(await ok("get fl"), /NAME +REFERENCE\nflo +fin\n/);
  assert.equal(
    await ok("apply --server-side --field-manager=fisher --force-conflicts -f -", FLUNDER),
    "flunder.wardle.example.com/flo serverside-applied\n",
  );
  assert.match(await ok("label flunder flo sea=north"), /labeled/);
  assert.equal(await ok("get flunder -l sea=north -o name"), "flunder.wardle.example.com/flo\n");
  assert.match(await ok("explain flunder.spec.reference"), /Name of another flunder, or of a fischer/);
  const misspelt = FLUNDER.replace("reference", "refrence");
  await assert.rejects(
    ok("apply --server-side -f -", misspelt),
    /field not declared in schema|unknown field/,
  );
  assert.equal(
    await ok("delete flunder flo"),
    'flunder.wardle.example.com "flo" deleted from default namespace\n',
  );
  await watch.says(/DELETED +flo/);

  await extension.close();
  await cluster.clock.advance(30_000);
  await cluster.available("FailedDiscoveryCheck");
  assert.match(
    await fails("get flunders"),
    /Error from server \(ServiceUnavailable\): the server is currently unable to handle the request/,
  );
  assert.match(await ok("get apiservices"), /wardle\/flunders +False \(FailedDiscoveryCheck\)/);
  assert.match(await ok("delete apiservice v1alpha1.wardle.example.com"), /deleted/);
  assert.match(await fails("get flunders"), /the server could not find the requested resource/);
});
