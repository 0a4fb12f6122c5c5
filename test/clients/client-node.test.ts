/** The JavaScript client: list, watch, informer, patch, exec, logs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { PassThrough } from "node:stream";
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
  Watch,
} from "@kubernetes/client-node";
import { serverDaemon } from "#cluster/daemons";
import { killDaemon } from "../faults/daemons.ts";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";

const namespace = "default";
const map = (name: string, data: Record<string, string>): V1ConfigMap => ({
  metadata: { name, labels: { of: "this-test" } },
  data,
});

describe("@kubernetes/client-node", () => {
  let cluster: LocalCluster;
  let config: KubeConfig;
  let core: CoreV1Api;
  before(async () => {
    cluster = await startLocalCluster();
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  it("creates, reads, lists page by page, replaces, deletes", async () => {
    for (const name of ["a", "b", "c"])
      await core.createNamespacedConfigMap({ namespace, body: map(name, { name }) });
    const first = await core.listNamespacedConfigMap({ namespace, labelSelector: "of=this-test", limit: 2 });
    assert.deepEqual(
      first.items.map(({ metadata }) => metadata?.name),
      ["a", "b"],
    );
    const rest = await core.listNamespacedConfigMap({
      namespace,
      labelSelector: "of=this-test",
      limit: 2,
      _continue: first.metadata!._continue!,
    });
    assert.deepEqual(
      rest.items.map(({ metadata }) => metadata?.name),
      ["c"],
    );
    const read = await core.readNamespacedConfigMap({ namespace, name: "a" });
    assert.ok(read.metadata?.creationTimestamp instanceof Date);
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: "a",
      body: { ...read, data: { name: "z" } },
    });
    assert.deepEqual(replaced.data, { name: "z" });
    await assert.rejects(core.replaceNamespacedConfigMap({ namespace, name: "a", body: read }), {
      code: 409,
    });
    await core.deleteNamespacedConfigMap({ namespace, name: "c" });
    await assert.rejects(core.readNamespacedConfigMap({ namespace, name: "c" }), { code: 404 });
  });

  it("patches in four ways", async () => {
    const patched = async (strategy: string, body: unknown) =>
      (
        await core.patchNamespacedConfigMap(
          { namespace, name: "b", body, fieldManager: "tester" },
          setHeaderOptions("Content-Type", strategy),
        )
      ).data;
    assert.deepEqual(await patched(PatchStrategy.JsonPatch, [{ op: "add", path: "/data/x", value: "1" }]), {
      name: "b",
      x: "1",
    });
    assert.deepEqual(await patched(PatchStrategy.MergePatch, { data: { x: null, y: "2" } }), {
      name: "b",
      y: "2",
    });
    const applied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" }, data: { z: "3" } };
    assert.deepEqual(await patched(PatchStrategy.ServerSideApply, applied), { name: "b", y: "2", z: "3" });
    assert.deepEqual(await patched(PatchStrategy.StrategicMergePatch, { data: { y: null } }), {
      name: "b",
      z: "3",
    });
    const apps = config.makeApiClient(AppsV1Api);
    await assert.rejects(apps.readNamespacedDeployment({ namespace, name: "none" }), { code: 404 });
  });

  /** What a port of a pod answers to a text, by port-forward. */
  async function throughForward(pod: string, port: number, text: string): Promise<string> {
    const [sent, received] = [new PassThrough(), new PassThrough()];
    const forward = new PortForward(config);
    const socket = await forward.portForward(namespace, pod, [port], received, null, sent);
    sent.write(text);
    const [answer] = (await once(received, "data")) as [Buffer];
    const web = typeof socket === "function" ? socket() : socket;
    web?.close();
    return answer.toString();
  }

  it("watches", async () => {
    const seen: string[] = [];
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const query = { resourceVersion: metadata!.resourceVersion!, labelSelector: "of=this-test" };
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      query,
      (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name}`),
      () => undefined,
    );
    try {
      await core.createNamespacedConfigMap({ namespace, body: map("w", {}) });
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "unseen" } } });
      await core.replaceNamespacedConfigMap({ namespace, name: "w", body: map("w", { changed: "yes" }) });
      await core.deleteNamespacedConfigMap({ namespace, name: "w" });
      await eventually(() => assert.deepEqual(seen, ["ADDED w", "MODIFIED w", "DELETED w"]));
    } finally {
      watching.abort();
    }
  });

  it("keeps an informer up to date", async () => {
    const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    const events: string[] = [];
    informer.on("add", ({ metadata }) => events.push(`+${metadata?.name}`));
    informer.on("delete", ({ metadata }) => events.push(`-${metadata?.name}`));
    await informer.start();
    try {
      await core.createNamespacedConfigMap({ namespace, body: map("informed", {}) });
      await eventually(() => assert.ok(events.includes("+informed")));
      assert.deepEqual(informer.get("informed", namespace)?.metadata?.labels, { of: "this-test" });
      await core.deleteNamespacedConfigMap({ namespace, name: "informed" });
      await eventually(() => assert.ok(events.includes("-informed")));
    } finally {
      await informer.stop();
    }
  });

  it("keeps an informer up to date over a restart of the server", async () => {
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const labelSelector = "of=this-test";
    const informer = makeInformer<V1ConfigMap>(
      config,
      path,
      () => core.listNamespacedConfigMap({ namespace, labelSelector }),
      labelSelector,
    );
    const events: string[] = [];
    informer.on("add", ({ metadata }) => events.push(`+${metadata?.name}`));
    informer.on("delete", ({ metadata }) => events.push(`-${metadata?.name}`));
    // A client comes back when it is told that it lost its server; what happened in between it learns from a list.
    const goOn = () => void eventually(() => informer.start());
    informer.on("error", goOn);
    await core.createNamespacedConfigMap({ namespace, body: map("before", {}) });
    await informer.start();
    try {
      await eventually(() => assert.ok(events.includes("+before")));
      await killDaemon(serverDaemon(cluster.places));
      await cluster.up();
      await core.deleteNamespacedConfigMap({ namespace, name: "before" });
      await core.createNamespacedConfigMap({ namespace, body: map("after", {}) });
      await eventually(() => assert.ok(events.includes("+after") && events.includes("-before")));
      const held = informer.list().map(({ metadata }) => metadata!.name);
      const listed = (await core.listNamespacedConfigMap({ namespace, labelSelector })).items;
      assert.deepEqual(held.toSorted(), listed.map(({ metadata }) => metadata!.name).toSorted());
      const doubled = events.filter((event, index) => events.indexOf(event) < index);
      assert.deepEqual(doubled, [], "no event came twice");
    } finally {
      informer.off("error", goOn);
      await informer.stop();
    }
  });

  it("runs commands in containers and reads their logs", async () => {
    await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: "box" },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: "box",
              image: "k8ts.local/hello:1",
              command: ["sh", "-c", "echo started; exec httpd -f -p 8081 -h /www"],
            },
          ],
        },
      },
    });
    await cluster.kubectl("wait --for=condition=Ready pod/box --timeout=180s");

    const [input, output] = [new PassThrough(), new PassThrough()];
    let text = "";
    output.setEncoding("utf8").on("data", (more: string) => (text += more));
    const status = new Promise<V1Status>((resolve, reject) => {
      new Exec(config)
        .exec(
          namespace,
          "box",
          "box",
          ["sh", "-c", "read word; echo got $word; exit 5"],
          output,
          null,
          input,
          false,
          resolve,
        )
        .catch(reject);
    });
    input.end("this\n");
    const { status: outcome, details } = await status;
    assert.deepEqual([outcome, details?.causes?.[0]?.message, text], ["Failure", "5", "got this\n"]);

    assert.match(await throughForward("box", 8081, "GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.[01] /);

    const logs = new PassThrough();
    let logged = "";
    logs.setEncoding("utf8").on("data", (more: string) => (logged += more));
    await new Log(config).log(namespace, "box", "box", logs, { follow: true });
    await eventually(() => assert.equal(logged, "started\n"));
    const ended = new Promise((resolve) => logs.on("end", resolve));
    await core.deleteNamespacedPod({ namespace, name: "box" });
    await ended;
  });
});
