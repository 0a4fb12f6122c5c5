import assert from "node:assert/strict";
import { CoreV1Api, type V1ConfigMap, type V1Namespace, type V1Pod } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { configMaps, namespaces, pods, services } from "../kinds.ts";
import { conformance } from "../suite.ts";

const path = (name: string) => `/api/v1/namespaces/${name}`;

conformance(
  "[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]",
  async (context) => {
    const { makeNamespace, waitFor, waitGone, images, unique } = context;
    const namespace = await makeNamespace(unique("nsdelete"));
    const client = pods(context, namespace);
    await client.create({
      metadata: { name: "runs" },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "web", image: images.web }] },
    });
    await client.until("runs", ({ status }) => status?.phase === "Running", "it runs");

    await namespaces(context).delete(namespace);
    const terminating = await namespaces(context)
      .read(namespace)
      .catch(() => undefined);
    if (terminating) {
      assert.equal(terminating.status?.phase, "Terminating");
      const late = client.create({
        metadata: { name: "late" },
        spec: { containers: [{ name: "a", image: "a" }] },
      });
      const { details } = await refused(late, 403, "Forbidden");
      assert.equal(details?.causes?.[0]?.reason, "NamespaceTerminating");
    }
    await waitGone(path(namespace));
    assert.deepEqual(await client.list(), []);

    await makeNamespace(namespace);
    await waitFor<V1Namespace>(path(namespace), (found) => found?.status?.phase === "Active");
    assert.deepEqual(await client.list(), []);
  },
);

conformance(
  "[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]",
  async (context) => {
    const { makeNamespace, waitGone, unique } = context;
    const namespace = await makeNamespace(unique("nsdelete"));
    const client = services(context, namespace);
    const spec = { selector: { a: "b" }, ports: [{ port: 80 }] };
    const { spec: given } = await client.create({ metadata: { name: "served" }, spec });
    await namespaces(context).delete(namespace);
    await waitGone(path(namespace));
    await makeNamespace(namespace);
    assert.deepEqual(await client.list(), []);
    await refused(client.read("served"), 404);
    // Its address is free again.
    await client.create({ metadata: { name: "again" }, spec: { ...spec, clusterIP: given!.clusterIP } });
  },
);

conformance(
  "[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]",
  async (context) => {
    const { namespace } = context;
    const patched = await namespaces(context).patch(namespace, {
      metadata: { labels: { testLabel: "testValue" } },
    });
    assert.equal(patched.metadata!.labels!.testLabel, "testValue");
    const read = await namespaces(context).read(namespace);
    assert.deepEqual(read.metadata!.labels, {
      testLabel: "testValue",
      // It always names itself.
      "kubernetes.io/metadata.name": namespace,
    });
    const selected = await namespaces(context).list({
      labelSelector: `testLabel=testValue,kubernetes.io/metadata.name=${namespace}`,
    });
    assert.equal(selected.length, 1);
  },
);

conformance(
  "[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]",
  async (context) => {
    const { namespace } = context;
    const before = await namespaces(context).read(namespace);
    const updated = await namespaces(context).update(namespace, ({ metadata }) => {
      metadata!.labels = { ...metadata!.labels, updated: "yes" };
      metadata!.annotations = { note: "changed" };
    });
    assert.equal(updated.metadata!.labels!.updated, "yes");
    assert.equal(updated.metadata!.annotations!.note, "changed");
    assert.equal(updated.metadata!.uid, before.metadata!.uid);
    assert.deepEqual(updated.spec, before.spec);
    await refused(namespaces(context).replace(before), 409, "Conflict");
  },
);

conformance(
  "[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]",
  async (context) => {
    const { api, namespace } = context;
    const finalizer = "conformance.example.com/waits";
    const finalize = async (finalizers: string[]) => {
      const body = await namespaces(context).read(namespace);
      return api(CoreV1Api).replaceNamespaceFinalize({
        name: namespace,
        body: { ...body, spec: { finalizers } },
      });
    };
    const changed = await finalize(["kubernetes", finalizer]);
    assert.deepEqual(changed.spec?.finalizers, ["kubernetes", finalizer]);
    const read = await namespaces(context).read(namespace);
    assert.deepEqual(read.spec?.finalizers, ["kubernetes", finalizer]);
    // A plain update does not touch them.
    const { spec } = await namespaces(context).update(
      namespace,
      (object) => (object.spec = { finalizers: [] }),
    );
    assert.deepEqual(spec?.finalizers, ["kubernetes", finalizer]);
    const { spec: last } = await finalize(["kubernetes"]);
    assert.deepEqual(last?.finalizers, ["kubernetes"]);
  },
);

conformance(
  "[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]",
  async (context) => {
    const { namespace } = context;
    const client = namespaces(context);
    assert.equal((await client.readStatus(namespace)).status?.phase, "Active");
    const condition = (type: string) => ({
      type,
      status: "True",
      reason: "E2E",
      message: `Set by ${type}`,
    });
    const patched = await client.patchStatus(namespace, {
      metadata: { annotations: { patched: "yes" } },
      status: { conditions: [condition("StatusPatch")] },
    });
    const first = patched.status?.conditions?.find(({ type }) => type === "StatusPatch");
    assert.deepEqual([first?.status, first?.reason, first?.message], ["True", "E2E", "Set by StatusPatch"]);
    const updated = await client.updateStatus(namespace, ({ status }) => {
      status!.conditions!.push(condition("StatusUpdate"));
    });
    assert.deepEqual(
      updated.status?.conditions?.map(({ type }) => type),
      ["StatusPatch", "StatusUpdate"],
    );
    // The phase is as it was, and the status is not reached by the other path.
    assert.equal(updated.status?.phase, "Active");
    const { status } = await client.update(namespace, (object) => (object.status = { phase: "Terminating" }));
    assert.equal(status?.phase, "Active");
    assert.equal(status?.conditions?.length, 2);
  },
);

conformance(
  "[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first [Conformance]",
  async (context) => {
    const { makeNamespace, waitFor, waitGone, watch, unique } = context;
    const namespace = await makeNamespace(unique("ordered"));
    await pods(context, namespace).create({
      metadata: { name: "first", finalizers: ["conformance.example.com/held"] },
      spec: {
        nodeSelector: { "conformance.k8ts/nowhere": "yes" },
        containers: [{ name: "web", image: context.images.web }],
      },
    });
    await configMaps(context, namespace).create({ metadata: { name: "second" }, data: { key: "value" } });
    const podsSeen = await watch<V1Pod>(`${path(namespace)}/pods`);
    const mapsSeen = await watch<V1ConfigMap>(`${path(namespace)}/configmaps`);

    await namespaces(context).delete(namespace);
    // It says what it waits for.
    await waitFor<V1Namespace>(
      path(namespace),
      (found) =>
        found?.status?.conditions?.some(
          ({ type, status }) => type === "NamespaceFinalizersRemaining" && status === "True",
        ) ?? false,
      "the namespace tells of the finalizer",
    );
    const held = await pods(context, namespace).read("first");
    assert.ok(held.metadata!.deletionTimestamp);
    // The pod is still there, so nothing else was deleted.
    const kept = await configMaps(context, namespace).read("second");
    assert.equal(kept.metadata!.deletionTimestamp, undefined);

    await pods(context, namespace).patch("first", { metadata: { finalizers: null } });
    await waitGone(path(namespace));
    const pod = await podsSeen.until(({ type }) => type === "DELETED", "the pod is deleted");
    const map = await mapsSeen.until(
      ({ type, object }) => type === "DELETED" && object.metadata?.name === "second",
      "the map is deleted",
    );
    assert.ok(BigInt(pod.object.metadata!.resourceVersion!) < BigInt(map.object.metadata!.resourceVersion!));
  },
);
