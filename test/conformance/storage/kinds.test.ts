/** The kinds of sig-storage as a client sees them, with no volume mounted. */
import assert from "node:assert/strict";
import {
  PatchStrategy,
  type V1CSIDriver,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
} from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import {
  configMaps,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
} from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { plain } from "../plain.ts";
import { waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

conformance(
  "[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver [Conformance]",
  async (context) => {
    await walkOperations(csiDrivers(context), context.unique("inline"), {
      sample: (metadata): V1CSIDriver => ({
        metadata,
        spec: { volumeLifecycleModes: ["Ephemeral"], podInfoOnMount: true },
      }),
      change: {
        make: ({ spec }) => {
          spec.requiresRepublish = true;
        },
        see: ({ spec }) =>
          assert.deepEqual(
            [spec.requiresRepublish, spec.volumeLifecycleModes, spec.fsGroupPolicy],
            [true, ["Ephemeral"], "ReadWriteOnceWithFSType"],
          ),
      },
    });
  },
);

conformance(
  "[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API [Conformance]",
  async (context) => {
    const client = pods(context);
    const csi = {
      driver: context.unique("driver.example.com"),
      readOnly: true,
      volumeAttributes: { size: "1" },
      nodePublishSecretRef: { name: "secret" },
    };
    const labels = { of: "inline" };
    const recording = await client.record({ labelSelector: "of=inline" });
    const sent = (name: string) => ({
      metadata: { name, labels },
      // On no node: nobody has the driver.
      spec: {
        nodeSelector: { "example.com/none": "none" },
        containers: [waiting({ volumeMounts: [{ name: "inline", mountPath: "/inline" }] })],
        volumes: [{ name: "inline", csi }],
      },
    });
    for (const name of ["one", "two"]) {
      const created = await client.create(sent(name));
      assert.deepEqual(plain(created.spec?.volumes?.[0]?.csi), csi);
    }
    const bad = sent("bad");
    await refused(
      client.create({ ...bad, spec: { ...bad.spec, volumes: [{ name: "inline", csi: { driver: "" } }] } }),
      422,
      "Invalid",
    );
    assert.deepEqual(plain((await client.read("one")).spec?.volumes?.[0]?.csi), csi);
    assert.equal((await client.list({ labelSelector: "of=inline" })).length, 2);
    const patched = await client.patch(
      "one",
      { metadata: { labels: { patched: "yes" } } },
      PatchStrategy.StrategicMergePatch,
    );
    assert.deepEqual(
      [patched.metadata?.labels?.patched, plain(patched.spec?.volumes?.[0]?.csi)],
      ["yes", csi],
    );
    await recording.until(({ object }) => object.metadata?.labels?.patched === "yes", "the patch is seen");
    await client.delete("one", { gracePeriodSeconds: 0 });
    await refused(client.read("one"), 404, "NotFound");
    await client.deleteCollection({ labelSelector: "of=inline", gracePeriodSeconds: 0 });
    await client.untilAll({}, (left) => left.length === 0, "the collection is gone");
  },
);

conformance(
  "[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode [Conformance]",
  async (context) => {
    const driver = { name: "driver.example.com", nodeID: "node", topologyKeys: ["example.com/zone"] };
    await walkOperations(csiNodes(context), context.unique("csinode"), {
      sample: (metadata) => ({ metadata, spec: { drivers: [driver] } }),
      change: {
        make: ({ spec }) => {
          spec.drivers.push({ ...driver, name: "other.example.com" });
        },
        see: ({ spec }) =>
          assert.deepEqual(
            spec.drivers.map(({ name }) => name),
            ["driver.example.com", "other.example.com"],
          ),
      },
      meanwhile: async (name) => {
        // What a driver once said of its node stays.
        await refused(
          csiNodes(context).patch(name, { spec: { drivers: [{ ...driver, nodeID: "changed" }] } }),
          422,
          "Invalid",
        );
      },
    });
  },
);

conformance(
  "[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations [Conformance]",
  async (context) => {
    const client = csiStorageCapacities(context);
    await assertDiscovered(context, client.kind);
    await walkOperations(client, context.unique("capacity"), {
      sample: (metadata) => ({
        metadata,
        storageClassName: "example",
        nodeTopology: { matchLabels: { zone: "one" } },
        capacity: "1Gi",
      }),
      change: {
        make: (object) => {
          object.capacity = "2Gi";
          object.maximumVolumeSize = "1Gi";
        },
        see: ({ capacity, maximumVolumeSize }) =>
          assert.deepEqual([capacity, maximumVolumeSize], ["2Gi", "1Gi"]),
      },
      meanwhile: async (name) => {
        await refused(client.patch(name, { storageClassName: "other" }), 422, "Invalid");
      },
    });
    const labels = { everywhere: context.unique("capacities") };
    await client.create({ metadata: { name: "found", labels }, storageClassName: "example" });
    const found = await client.listEverywhere({ labelSelector: `everywhere=${labels.everywhere}` });
    assert.deepEqual(
      found.map(({ metadata }) => metadata?.namespace),
      [context.namespace],
    );
  },
);

conformance(
  "[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]",
  async (context) => {
    const client = storageClasses(context);
    await walkOperations(client, context.unique("class"), {
      sample: (metadata) => ({
        metadata,
        provisioner: "example.com/provisioner",
        parameters: { type: "fast" },
      }),
      change: {
        make: (object) => {
          object.allowVolumeExpansion = true;
        },
        see: ({ allowVolumeExpansion, reclaimPolicy, volumeBindingMode }) =>
          assert.deepEqual(
            [allowVolumeExpansion, reclaimPolicy, volumeBindingMode],
            [true, "Delete", "Immediate"],
          ),
      },
      meanwhile: async (name) => {
        for (const change of [
          { provisioner: "other" },
          { parameters: { type: "slow" } },
          { reclaimPolicy: "Retain" },
        ])
          await refused(client.patch(name, change), 422, "Invalid");
      },
    });
  },
);

conformance(
  "[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass [Conformance]",
  async (context) => {
    const client = volumeAttributesClasses(context);
    await assertDiscovered(context, client.kind);
    await walkOperations(client, context.unique("attributes"), {
      sample: (metadata) => ({ metadata, driverName: "driver.example.com", parameters: { iops: "100" } }),
      meanwhile: async (name) => {
        await refused(client.patch(name, { parameters: { iops: "200" } }), 422, "Invalid");
        await refused(client.patch(name, { driverName: "other.example.com" }), 422, "Invalid");
      },
    });
  },
);

const attachmentOf = (name: string) => ({
  attacher: "driver.example.com",
  nodeName: "node-of-nobody",
  source: { persistentVolumeName: `volume-of-${name}` },
});

conformance(
  "[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment [Conformance]",
  async (context) => {
    const client = volumeAttachments(context);
    await walkOperations(client, context.unique("attachment"), {
      sample: (metadata) => ({ metadata, spec: attachmentOf(metadata.name!) }),
      meanwhile: async (name) => {
        await refused(client.patch(name, { spec: { nodeName: "another" } }), 422, "Invalid");
      },
    });
  },
);

conformance(
  "[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status [Conformance]",
  async (context) => {
    const client = volumeAttachments(context);
    const name = context.unique("attachment");
    context.defer(() => client.delete(name));
    await client.create({ metadata: { name }, spec: attachmentOf(name) });
    const recording = await client.record({ fieldSelector: `metadata.name=${name}` });
    const patched = await client.patchStatus(name, {
      status: { attached: true, attachmentMetadata: { device: "/dev/x" } },
    });
    assert.deepEqual(
      [patched.status?.attached, patched.status?.attachmentMetadata],
      [true, { device: "/dev/x" }],
    );
    await recording.until(({ object }) => object.status?.attached === true, "the patched status is seen");
    const updated = await client.updateStatus(name, (object) => {
      object.status!.attached = false;
      object.status!.detachError = { message: "could not", time: new Date("2026-01-01T00:00:00Z") };
      object.spec.nodeName = "ignored";
    });
    assert.deepEqual(
      [updated.status?.attached, updated.status?.detachError?.message, updated.spec.nodeName],
      [false, "could not", "node-of-nobody"],
    );
    await recording.until(
      ({ object }) => object.status?.detachError !== undefined,
      "the replaced status is seen",
    );
    assert.equal((await client.readStatus(name)).status?.detachError?.message, "could not");
  },
);

const volumeOf = (
  name: string,
  storageClassName: string,
  labels: Record<string, string> = {},
): V1PersistentVolume => ({
  metadata: { name, labels },
  spec: {
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    persistentVolumeReclaimPolicy: "Retain",
    storageClassName,
    csi: { driver: "driver.example.com", volumeHandle: name },
  },
});

const claimOf = (
  name: string,
  storageClassName: string,
  labels: Record<string, string> = {},
): V1PersistentVolumeClaim => ({
  metadata: { name, labels },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage: "1Gi" } } },
});

/** A volume and a claim that have found each other. */
async function bound(context: ConformanceContext, labels: Record<string, string>) {
  const name = context.unique("volume");
  const volumes = persistentVolumes(context);
  context.defer(() => volumes.delete(name));
  await volumes.create(volumeOf(name, name, labels));
  await volumes.until(name, ({ status }) => status?.phase === "Available", "is available");
  await persistentVolumeClaims(context).create(claimOf("claim", name, labels));
  const claim = await persistentVolumeClaims(context).until(
    "claim",
    ({ status }) => status?.phase === "Bound",
    "is bound",
  );
  const volume = await volumes.until(name, ({ status }) => status?.phase === "Bound", "is bound");
  return { name, claim, volume };
}

conformance(
  "[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]",
  async (context) => {
    const [volumes, claims] = [persistentVolumes(context), persistentVolumeClaims(context)];
    const labels = { lifecycle: context.unique("storage") };
    const labelSelector = `lifecycle=${labels.lifecycle}`;
    const { name, claim, volume } = await bound(context, labels);
    assert.deepEqual([claim.spec?.volumeName, plain(claim.status?.capacity)], [name, { storage: "1Gi" }]);
    const { claimRef } = volume.spec!;
    assert.deepEqual(
      [claimRef?.name, claimRef?.namespace, claimRef?.uid],
      ["claim", context.namespace, claim.metadata?.uid],
    );
    assert.equal((await volumes.list({ labelSelector })).length, 1);
    assert.equal((await claims.list({ labelSelector })).length, 1);
    assert.equal((await claims.listEverywhere({ labelSelector })).length, 1);

    assert.equal(
      (
        await volumes.patch(
          name,
          { metadata: { labels: { patched: "yes" } } },
          PatchStrategy.StrategicMergePatch,
        )
      ).metadata?.labels?.patched,
      "yes",
    );
    assert.equal(
      (
        await claims.patch(
          "claim",
          { metadata: { labels: { patched: "yes" } } },
          PatchStrategy.StrategicMergePatch,
        )
      ).metadata?.labels?.patched,
      "yes",
    );
    await volumes.update(name, (object) => {
      object.metadata!.annotations = { ...object.metadata!.annotations, updated: "yes" };
    });
    await claims.update("claim", (object) => {
      object.metadata!.annotations = { ...object.metadata!.annotations, updated: "yes" };
    });
    assert.equal((await volumes.read(name)).metadata?.annotations?.updated, "yes");
    await refused(claims.patch("claim", { spec: { accessModes: ["ReadWriteMany"] } }), 422, "Invalid");

    await claims.delete("claim");
    await claims.untilGone("claim");
    await volumes.until(name, ({ status }) => status?.phase === "Released", "is released");
    await volumes.delete(name);
    await volumes.untilGone(name);

    const again = await bound(context, labels);
    await claims.deleteCollection({ labelSelector });
    await claims.untilAll({ labelSelector }, (left) => left.length === 0, "the claims are gone");
    await volumes.deleteCollection({ labelSelector });
    await volumes.untilGone(again.name);
  },
);

conformance(
  "[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]",
  async (context) => {
    const [volumes, claims] = [persistentVolumes(context), persistentVolumeClaims(context)];
    const { name } = await bound(context, {});
    const condition = (type: string) => ({
      type,
      status: "True",
      reason: "ByTest",
      message: "written by a test",
    });
    const recording = await claims.record({ fieldSelector: "metadata.name=claim" });
    const patched = await claims.patchStatus("claim", {
      status: { conditions: [condition("StatusPatched")] },
    });
    assert.equal(patched.status?.conditions?.[0]?.type, "StatusPatched");
    const updated = await claims.updateStatus("claim", (claim) => {
      claim.status!.conditions = [...claim.status!.conditions!, condition("StatusUpdated")];
      claim.spec!.resources!.requests!.storage = "2Gi";
    });
    assert.deepEqual(
      updated.status?.conditions?.map(({ type }) => type),
      ["StatusPatched", "StatusUpdated"],
    );
    assert.equal(updated.spec?.resources?.requests?.storage, "1Gi");
    await recording.until(
      ({ object }) => object.status?.conditions?.some(({ type }) => type === "StatusUpdated") === true,
      "the status is seen",
    );

    assert.equal((await volumes.readStatus(name)).status?.phase, "Bound");
    const volumePatched = await volumes.patchStatus(name, {
      status: { message: "StatusPatched", reason: "E2E" },
    });
    assert.deepEqual([volumePatched.status?.message, volumePatched.status?.reason], ["StatusPatched", "E2E"]);
    const volumeUpdated = await volumes.updateStatus(name, (volume) => {
      volume.status!.message = "StatusUpdated";
      volume.spec!.persistentVolumeReclaimPolicy = "Delete";
    });
    assert.deepEqual(
      [volumeUpdated.status?.message, volumeUpdated.spec?.persistentVolumeReclaimPolicy],
      ["StatusUpdated", "Retain"],
    );
  },
);

conformance(
  "[sig-storage] ConfigMap should be immutable if `immutable` field is set [Conformance]",
  async (context) => {
    const client = configMaps(context);
    await client.create({ metadata: { name: "fixed" }, data: { key: "one" } });
    assert.equal((await client.patch("fixed", { data: { key: "two" } })).data?.key, "two");
    await client.update("fixed", (map) => {
      map.immutable = true;
    });
    await refused(client.patch("fixed", { data: { key: "three" } }), 422, "Invalid");
    await refused(client.patch("fixed", { binaryData: { key2: "AA==" } }), 422, "Invalid");
    await refused(client.patch("fixed", { immutable: false }), 422, "Invalid");
    await refused(client.patch("fixed", { immutable: null }), 422, "Invalid");
    assert.equal(
      (await client.patch("fixed", { metadata: { labels: { still: "free" } } })).metadata?.labels?.still,
      "free",
    );
    assert.equal((await client.read("fixed")).data?.key, "two");
    await client.delete("fixed");
  },
);

conformance(
  "[sig-storage] Secrets should be immutable if `immutable` field is set [Conformance]",
  async (context) => {
    const client = secrets(context);
    await client.create({ metadata: { name: "fixed" }, stringData: { key: "one" } });
    assert.equal(
      (await client.patch("fixed", { stringData: { key: "two" } })).data?.key,
      Buffer.from("two").toString("base64"),
    );
    await client.update("fixed", (secret) => {
      secret.immutable = true;
    });
    await refused(client.patch("fixed", { stringData: { key: "three" } }), 422, "Invalid");
    await refused(client.patch("fixed", { immutable: false }), 422, "Invalid");
    assert.equal(
      (await client.patch("fixed", { metadata: { labels: { still: "free" } } })).metadata?.labels?.still,
      "free",
    );
    await client.delete("fixed");
    await refused(client.read("fixed"), 404, "NotFound");
  },
);
