/** The kinds of sig-node as a client sees them. */
import assert from "node:assert/strict";
import { PatchStrategy } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import {
  configMaps,
  deviceClasses,
  leases,
  nodes,
  pods,
  podTemplates,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  runtimeClasses,
  secrets,
} from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { plain } from "../plain.ts";
import { isReady, podOf, templateOf, waiting } from "../pods.ts";
import { conformance } from "../suite.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

conformance(
  "[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]",
  async (context) => {
    const client = configMaps(context);
    await walkOperations(client, context.unique("map"), {
      sample: (metadata) => ({ metadata, data: { valueName: "value" } }),
      change: {
        make: (map) => {
          map.data!.valueName = "value1";
        },
        see: ({ data }) => assert.deepEqual(plain(data), { valueName: "value1" }),
      },
    });
    const labels = { everywhere: context.unique("maps") };
    await client.create({ metadata: { name: "found", labels } });
    assert.equal(
      (await client.listEverywhere({ labelSelector: `everywhere=${labels.everywhere}` })).length,
      1,
    );
  },
);

conformance(
  "[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]",
  async (context) => {
    const status = await refused(
      configMaps(context).create({ metadata: { name: "bad" }, data: { "": "value" } }),
      422,
      "Invalid",
    );
    assert.match(status.message!, /a valid config key must consist of alphanumeric characters/);
    assert.equal(status.details?.causes?.[0]?.field, "data[]");
  },
);

conformance(
  "[sig-node] ConfigMap should update ConfigMap successfully [NodeConformance] [Conformance]",
  async (context) => {
    const client = configMaps(context);
    const created = await client.create({ metadata: { name: "map" }, data: { key: "one" } });
    const updated = await client.replace({ ...created, data: { key: "two", more: "yes" } });
    assert.deepEqual(plain(updated.data), { key: "two", more: "yes" });
    assert.deepEqual(plain((await client.read("map")).data), { key: "two", more: "yes" });
    assert.notEqual(updated.metadata?.resourceVersion, created.metadata?.resourceVersion);
  },
);

conformance(
  "[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]",
  async (context) => {
    const status = await refused(
      secrets(context).create({ metadata: { name: "bad" }, data: { "": base64("value") } }),
      422,
      "Invalid",
    );
    assert.equal(status.details?.causes?.[0]?.field, "data[]");
  },
);

conformance("[sig-node] Secrets should patch a secret [Conformance]", async (context) => {
  const client = secrets(context);
  const labels = { testsecret: context.unique("secret") };
  const labelSelector = `testsecret=${labels.testsecret}`;
  await client.create({
    metadata: { name: "secret", labels },
    data: { key: base64("value") },
    type: "Opaque",
  });
  assert.equal((await client.listEverywhere({ labelSelector })).length, 1);
  const patched = await client.patch(
    "secret",
    { metadata: { labels: { patched: "yes" } }, data: { key: base64("value1") } },
    PatchStrategy.StrategicMergePatch,
  );
  assert.deepEqual([patched.metadata?.labels?.patched, patched.data?.key], ["yes", base64("value1")]);
  await refused(client.patch("secret", { type: "other" }), 422, "Invalid");
  await client.deleteCollection({ labelSelector });
  assert.deepEqual(await client.listEverywhere({ labelSelector }), []);
});

conformance("[sig-node] Lease lease API should be available [Conformance]", async (context) => {
  const client = leases(context);
  await walkOperations(client, context.unique("lease"), {
    sample: (metadata) => ({
      metadata,
      spec: { holderIdentity: "holder", leaseDurationSeconds: 30, leaseTransitions: 0 },
    }),
    change: {
      make: ({ spec }) => {
        spec!.holderIdentity = "another";
        spec!.leaseTransitions = 1;
      },
      see: ({ spec }) =>
        assert.deepEqual(
          [spec?.holderIdentity, spec?.leaseTransitions, spec?.leaseDurationSeconds],
          ["another", 1, 30],
        ),
    },
    meanwhile: async (name) => {
      await refused(client.patch(name, { spec: { leaseDurationSeconds: -1 } }), 422, "Invalid");
    },
  });
});

conformance(
  "[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]",
  async (context) => {
    const client = nodes(context);
    const name = context.unique("node");
    const labels = { lifecycle: name };
    const labelSelector = `lifecycle=${name}`;
    const recording = await client.record({ labelSelector });
    context.defer(() => client.delete(name));
    // Unschedulable, so that no other test's pod waits for it.
    const created = await client.create({ metadata: { name, labels }, spec: { unschedulable: true } });
    assert.equal(created.metadata?.name, name);
    assert.equal((await client.read(name)).metadata?.uid, created.metadata?.uid);
    const patched = await client.patch(
      name,
      { metadata: { labels: { patched: "yes" } } },
      PatchStrategy.StrategicMergePatch,
    );
    assert.equal(patched.metadata?.labels?.patched, "yes");
    const updated = await client.update(name, (node) => {
      node.metadata!.labels!.updated = "yes";
    });
    assert.equal(updated.metadata?.labels?.updated, "yes");
    assert.deepEqual(
      (await client.list({ labelSelector: `${labelSelector},updated=yes` })).map(
        ({ metadata }) => metadata?.name,
      ),
      [name],
    );
    const condition = { type: "Tested", status: "True", reason: "ByTest", message: "written by a test" };
    const status = await client.patchStatus(
      name,
      { status: { conditions: [condition] } },
      PatchStrategy.StrategicMergePatch,
    );
    assert.equal(status.status?.conditions?.find(({ type }) => type === "Tested")?.reason, "ByTest");
    const replaced = await client.updateStatus(name, (node) => {
      node.status!.conditions!.find(({ type }) => type === "Tested")!.reason = "Replaced";
      node.spec!.unschedulable = false;
    });
    assert.equal(replaced.status?.conditions?.find(({ type }) => type === "Tested")?.reason, "Replaced");
    assert.equal(replaced.spec?.unschedulable, true);
    await client.deleteCollection({ labelSelector });
    await recording.until(({ type }) => type === "DELETED", "it is deleted");
    await refused(client.read(name), 404, "NotFound");
  },
);

conformance(
  "[sig-node] PodTemplates should run the lifecycle of PodTemplates [Conformance]",
  async (context) => {
    const client = podTemplates(context);
    await walkOperations(client, context.unique("template"), {
      sample: (metadata) => ({ metadata, template: templateOf({ app: "templated" }) }),
      change: {
        make: ({ template }) => {
          template!.spec!.containers[0]!.image = context.images.webNext;
        },
        see: ({ template }) => assert.equal(template?.spec?.containers[0]?.image, context.images.webNext),
      },
    });
  },
);

conformance(
  "[sig-node] PodTemplates should delete a collection of pod templates [Conformance]",
  async (context) => {
    const client = podTemplates(context);
    const labels = { collection: context.unique("templates") };
    const labelSelector = `collection=${labels.collection}`;
    for (const name of ["one", "two", "three"])
      await client.create({ metadata: { name, labels }, template: templateOf({}) });
    await client.create({ metadata: { name: "stays" }, template: templateOf({}) });
    assert.equal((await client.list({ labelSelector })).length, 3);
    await client.deleteCollection({ labelSelector });
    assert.deepEqual(
      (await client.list()).map(({ metadata }) => metadata?.name),
      ["stays"],
    );
  },
);

conformance("[sig-node] PodTemplates should replace a pod template [Conformance]", async (context) => {
  const client = podTemplates(context);
  const created = await client.create({
    metadata: { name: "template" },
    template: templateOf({ app: "one" }),
  });
  const replaced = await client.replace({
    ...created,
    template: { ...created.template, metadata: { labels: { app: "two" }, annotations: { updated: "true" } } },
  });
  assert.deepEqual(
    [replaced.template?.metadata?.annotations?.updated, replaced.template?.metadata?.labels?.app],
    ["true", "two"],
  );
  assert.equal((await client.read("template")).template?.metadata?.annotations?.updated, "true");
  await refused(client.replace(created), 409, "Conflict");
});

conformance(
  "[sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]",
  async (context) => {
    const client = runtimeClasses(context);
    await assertDiscovered(context, client.kind);
    await walkOperations(client, context.unique("runtime"), {
      sample: (metadata) => ({ metadata, handler: "runc", overhead: { podFixed: { cpu: "10m" } } }),
      change: {
        make: (object) => {
          object.overhead = { podFixed: { cpu: "20m" } };
        },
        see: ({ overhead, handler }) =>
          assert.deepEqual([plain(overhead), handler], [{ podFixed: { cpu: "20m" } }, "runc"]),
      },
      meanwhile: async (name) => {
        await refused(client.patch(name, { handler: "other" }), 422, "Invalid");
      },
    });
  },
);

const withClass = (name: string, runtimeClassName: string) => podOf(name, waiting(), { runtimeClassName });

conformance(
  "[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance] [Conformance]",
  async (context) => {
    const name = context.unique("nobody");
    const { message } = await refused(pods(context).create(withClass("pod", name)), 403, "Forbidden");
    assert.match(message!, new RegExp(`RuntimeClass "${name}" not found`));
  },
);

conformance(
  "[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance] [Conformance]",
  async (context) => {
    const name = context.unique("deleted");
    await runtimeClasses(context).create({ metadata: { name }, handler: "runc" });
    await runtimeClasses(context).delete(name);
    await runtimeClasses(context).untilGone(name);
    const { message } = await refused(pods(context).create(withClass("pod", name)), 403, "Forbidden");
    assert.match(message!, new RegExp(`RuntimeClass "${name}" not found`));
  },
);

conformance(
  "[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance] [Conformance]",
  async (context) => {
    const name = context.unique("heavy");
    context.defer(() => runtimeClasses(context).delete(name));
    await runtimeClasses(context).create({
      metadata: { name },
      handler: "runc",
      overhead: { podFixed: { cpu: "10m", memory: "1Mi" } },
    });
    const { spec } = await pods(context).create(withClass("pod", name));
    assert.deepEqual(plain(spec?.overhead), { cpu: "10m", memory: "1Mi" });
    await pods(context).until("pod", ({ spec: now }) => now?.nodeName !== undefined, "has a node");
  },
);

conformance(
  "[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance] [Conformance]",
  async (context) => {
    const name = context.unique("light");
    context.defer(() => runtimeClasses(context).delete(name));
    await runtimeClasses(context).create({ metadata: { name }, handler: "runc" });
    const { spec } = await pods(context).create(withClass("pod", name));
    assert.equal(spec?.overhead, undefined);
    await pods(context).until("pod", ({ spec: now }) => now?.nodeName !== undefined, "has a node");
  },
);

conformance("[sig-node] Pods should delete a collection of pods [Conformance]", async (context) => {
  const client = pods(context);
  const labels = { collection: "pods" };
  for (const name of ["one", "two", "three"]) await client.create(podOf(name, waiting(), {}, labels));
  await client.untilAll(
    { labelSelector: "collection=pods" },
    (all) => all.length === 3 && all.every(isReady),
    "all run",
  );
  await client.deleteCollection({ labelSelector: "collection=pods" });
  await client.untilAll({}, (left) => left.length === 0, "all are gone");
});

conformance("[sig-node] Pods should patch a pod status [Conformance]", async (context) => {
  const client = pods(context);
  await client.create(podOf("pod", waiting()));
  await client.until("pod", isReady, "is ready");
  const patched = await client.patchStatus(
    "pod",
    { status: { message: "Patched by a test" }, metadata: { annotations: { patchedstatus: "true" } } },
    PatchStrategy.StrategicMergePatch,
  );
  assert.deepEqual(
    [patched.status?.message, patched.metadata?.annotations?.patchedstatus],
    ["Patched by a test", "true"],
  );
  assert.equal(patched.status?.phase, "Running");
});

conformance(
  "[sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]",
  async (context) => {
    const client = pods(context);
    const labels = { lifecycle: context.unique("pod") };
    const labelSelector = `lifecycle=${labels.lifecycle}`;
    const recording = await client.record({ labelSelector });
    await client.create(podOf("pod", waiting(), {}, labels));
    await recording.until(({ object }) => isReady(object), "it is ready");
    const patched = await client
      .patch(
        "pod",
        {
          metadata: { labels: { patched: "yes" } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: "main", image: context.images.webNext }],
          },
        },
        PatchStrategy.StrategicMergePatch,
      )
      .catch((error: unknown) => error);
    // The grace of a pod that runs stays what it is.
    assert.equal((patched as { code?: number }).code, 422);
    const changed = await client.patch(
      "pod",
      {
        metadata: { labels: { patched: "yes" } },
        spec: { containers: [{ name: "main", image: context.images.webNext }] },
      },
      PatchStrategy.StrategicMergePatch,
    );
    assert.deepEqual(
      [changed.metadata?.labels?.patched, changed.spec?.containers[0]?.image],
      ["yes", context.images.webNext],
    );
    await recording.until(
      ({ object }) => object.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(object),
      "it runs the new image",
    );
    const everywhere = await client.listEverywhere({ labelSelector });
    assert.deepEqual(
      everywhere.map(({ metadata }) => metadata?.name),
      ["pod"],
    );

    await client.updateStatus("pod", (pod) => {
      pod.status!.conditions = [...(pod.status!.conditions ?? []), { type: "Tested", status: "True" }];
    });
    await recording.until(
      ({ object }) => object.status?.conditions?.some(({ type }) => type === "Tested") === true,
      "the status is seen",
    );
    assert.equal((await client.readStatus("pod")).status?.phase, "Running");
    await client.deleteCollection({ labelSelector });
    await recording.until(({ type }) => type === "DELETED", "it is deleted");
    await refused(client.read("pod"), 404, "NotFound");
  },
);

conformance(
  "[sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34] [Conformance]",
  async (context) => {
    const client = pods(context);
    const created = await client.create(podOf("pod", waiting()));
    assert.equal(created.metadata?.generation, 1);
    await client.until("pod", (pod) => isReady(pod) && pod.status?.observedGeneration === 1, "is observed");
    const generationAfter = async (patch: object) =>
      (await client.patch("pod", patch, PatchStrategy.StrategicMergePatch)).metadata?.generation;
    assert.equal(await generationAfter({ metadata: { labels: { no: "matter" } } }), 1);
    assert.equal(await generationAfter({ spec: { activeDeadlineSeconds: 5000 } }), 2);
    assert.equal(await generationAfter({ spec: { tolerations: [{ key: "more", operator: "Exists" }] } }), 3);
    assert.equal(
      await generationAfter({ spec: { containers: [{ name: "main", image: context.images.webNext }] } }),
      4,
    );
    await client.until(
      "pod",
      ({ status }) => status?.observedGeneration === 4,
      "the last change is observed",
    );
  },
);

conformance(
  "[sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete [Conformance]",
  async (context) => {
    const client = pods(context);
    const pod = podOf("pod", waiting(), { terminationGracePeriodSeconds: 1 });
    pod.metadata!.generation = 100;
    pod.metadata!.finalizers = ["example.com/kept"];
    assert.equal((await client.create(pod)).metadata?.generation, 1);
    context.defer(() => client.patch("pod", { metadata: { finalizers: null } }));
    await client.until("pod", isReady, "is ready");
    await client.delete("pod");
    const leaving = await client.until(
      "pod",
      ({ metadata }) => metadata?.deletionTimestamp !== undefined,
      "is leaving",
    );
    assert.equal(leaving.metadata?.generation, 2);
  },
);

conformance(
  "[sig-node] Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34] [Conformance]",
  async (context) => {
    const client = pods(context);
    await client.create(podOf("pod", waiting()));
    await client.until("pod", isReady, "is ready");
    for (let time = 0; time < 500; time++)
      await client.patch("pod", { spec: { activeDeadlineSeconds: 20_000 - time } });
    const { metadata } = await client.until(
      "pod",
      ({ metadata: now, status }) => now?.generation === 501 && status?.observedGeneration === 501,
      "all changes are observed",
    );
    assert.equal(metadata?.generation, 501);
  },
);

const DRA = "[sig-node] [DRA] CRUD Tests resource.k8s.io/v1";
const requests = [
  { name: "one", exactly: { deviceClassName: "example", allocationMode: "ExactCount", count: 1 } },
];

conformance(`${DRA} DeviceClass [Conformance]`, async (context) => {
  const client = deviceClasses(context);
  await assertDiscovered(context, client.kind);
  await walkOperations(client, context.unique("devices"), {
    sample: (metadata) => ({
      metadata,
      spec: { selectors: [{ cel: { expression: 'device.driver == "driver.example.com"' } }] },
    }),
    change: {
      make: ({ spec }) => {
        spec.selectors = [{ cel: { expression: 'device.driver == "other.example.com"' } }];
      },
      see: ({ spec }) => assert.match(spec.selectors![0]!.cel!.expression, /other/),
    },
  });
});

conformance(`${DRA} ResourceClaim [Conformance]`, async (context) => {
  const client = resourceClaims(context);
  await assertDiscovered(context, client.kind, ["status"]);
  await walkOperations(client, context.unique("claim"), {
    sample: (metadata) => ({ metadata, spec: { devices: { requests } } }),
    meanwhile: async (name) => {
      await refused(
        client.patch(name, { spec: { devices: { requests: [{ ...requests[0], name: "other" }] } } }),
        422,
        "Invalid",
      );
      const results = [{ request: "one", driver: "driver.example.com", pool: "pool", device: "device" }];
      const patched = await client.patchStatus(name, { status: { allocation: { devices: { results } } } });
      assert.deepEqual(plain(patched.status?.allocation?.devices?.results), results);
      const updated = await client.updateStatus(name, (claim) => {
        claim.status!.reservedFor = [{ resource: "pods", name: "pod", uid: "1234" }];
      });
      assert.equal(updated.status?.reservedFor?.[0]?.name, "pod");
      await client.patchStatus(name, { status: { reservedFor: null, allocation: null } });
    },
  });
});

conformance(`${DRA} ResourceClaimTemplate [Conformance]`, async (context) => {
  const client = resourceClaimTemplates(context);
  await assertDiscovered(context, client.kind);
  await walkOperations(client, context.unique("template"), {
    sample: (metadata) => ({ metadata, spec: { spec: { devices: { requests } } } }),
    meanwhile: async (name) => {
      await refused(client.patch(name, { spec: { spec: { devices: { requests: [] } } } }), 422, "Invalid");
    },
  });
});

conformance(`${DRA} ResourceSlice [Conformance]`, async (context) => {
  const client = resourceSlices(context);
  await assertDiscovered(context, client.kind);
  await walkOperations(client, context.unique("slice"), {
    sample: (metadata) => ({
      metadata,
      spec: {
        driver: "driver.example.com",
        pool: { name: metadata.name!, generation: 1, resourceSliceCount: 1 },
        allNodes: true,
        devices: [{ name: "device" }],
      },
    }),
    change: {
      make: ({ spec }) => {
        spec.pool.generation = 2;
        spec.devices!.push({ name: "another" });
      },
      see: ({ spec }) =>
        assert.deepEqual(
          [spec.pool.generation, spec.devices?.map(({ name }) => name)],
          [2, ["device", "another"]],
        ),
    },
    meanwhile: async (name) => {
      await refused(client.patch(name, { spec: { driver: "other.example.com" } }), 422, "Invalid");
    },
  });
});
