import { test } from "node:test";
import assert from "node:assert/strict";
import { CSIDriver } from "#api/storage-v1/csidriver";
import { CSINode } from "#api/storage-v1/csinode";
import { CSIStorageCapacity } from "#api/storage-v1/csistoragecapacity";
import { VolumeAttachment } from "#api/storage-v1/volumeattachment";
import { VolumeAttributesClass } from "#api/storage-v1/volumeattributesclass";
import { problemsOf, updateProblems } from "#api/test-kit";

const named = (name: string, rest: object) => ({ metadata: { name, resourceVersion: "1" }, ...rest });
const attachment = (spec: object) =>
  named("a", {
    spec: { attacher: "csi.example.com", nodeName: "n1", source: { persistentVolumeName: "pv" }, ...spec },
  });
const csiNode = (driver: object) =>
  named("n1", {
    spec: { drivers: [{ name: "csi.example.com", nodeID: "1", topologyKeys: ["zone"], ...driver }] },
  });

test("a driver says when its tokens end, and how its volumes live", () => {
  const driver = (spec: object) => named("csi.example.com", { spec });
  assert.deepEqual(problemsOf(CSIDriver, driver({ tokenRequests: [{ audience: "vault" }] })), []);
  assert.deepEqual(problemsOf(CSIDriver, driver({ fsGroupPolicy: "Always" })), [
    'spec.fsGroupPolicy: Unsupported value: "Always": supported values: "File", "None", "ReadWriteOnceWithFSType"',
  ]);
  assert.deepEqual(problemsOf(CSIDriver, driver({ volumeLifecycleModes: ["Forever"] })), [
    'spec.volumeLifecycleModes[0]: Unsupported value: "Forever": supported values: "Ephemeral", "Persistent"',
  ]);
  assert.deepEqual(
    problemsOf(
      CSIDriver,
      driver({ tokenRequests: [{ audience: "a", expirationSeconds: 1 }, { audience: "a" }] }),
    ),
    [
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
    ],
  );
  assert.deepEqual(
    updateProblems(
      CSIDriver,
      driver({ attachRequired: true }),
      driver({ attachRequired: false, podInfoOnMount: true }),
    ),
    ["spec.attachedRequired: Invalid value: false: field is immutable"],
  );
});

test("the drivers of a node have one name and one identity each", () => {
  assert.deepEqual(problemsOf(CSINode, csiNode({})), []);
  assert.deepEqual(
    problemsOf(CSINode, csiNode({ nodeID: "", topologyKeys: ["zone", "zone", "a/b/c"] })).slice(0, 2),
    ["spec.drivers[0].nodeID: Required value", 'spec.drivers[0].topologyKeys[1]: Duplicate value: "zone"'],
  );
  assert.deepEqual(problemsOf(CSINode, csiNode({ allocatable: { count: -1 } })), [
    "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
  ]);
  assert.deepEqual(updateProblems(CSINode, csiNode({}), csiNode({ allocatable: { count: 3 } })), []);
  const [moved] = updateProblems(CSINode, csiNode({}), csiNode({ nodeID: "2" }));
  assert.match(moved!, /^CSINodeDriver: Invalid value: .*: field is immutable$/);
});

test("an attachment is of one volume, for ever", () => {
  assert.deepEqual(problemsOf(VolumeAttachment, attachment({})), []);
  assert.deepEqual(problemsOf(VolumeAttachment, attachment({ source: {} })), [
    "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
  ]);
  assert.deepEqual(problemsOf(VolumeAttachment, attachment({ source: { persistentVolumeName: "" } })), [
    "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName",
  ]);
  const [moved] = updateProblems(VolumeAttachment, attachment({}), attachment({ nodeName: "n2" }));
  assert.match(moved!, /^spec: Invalid value: .*: field is immutable$/);
});

test("capacities are of a class, and are no debt", () => {
  const capacity = (rest: object) => named("c", { storageClassName: "fast", ...rest });
  assert.deepEqual(problemsOf(CSIStorageCapacity, capacity({ capacity: "1Gi" })), []);
  assert.deepEqual(problemsOf(CSIStorageCapacity, capacity({ capacity: "-1Gi" })), [
    'capacity: Invalid value: "-1Gi": must be greater than or equal to 0',
  ]);
  assert.deepEqual(problemsOf(CSIStorageCapacity, capacity({ storageClassName: "" })), [
    "storageClassName: Required value",
  ]);
  assert.deepEqual(updateProblems(CSIStorageCapacity, capacity({}), capacity({ storageClassName: "slow" })), [
    'storageClassName: Invalid value: "slow": field is immutable',
  ]);
});

test("a class of attributes has some, and keeps them", () => {
  const attributes = (parameters: object) => named("gold", { driverName: "csi.example.com", parameters });
  assert.deepEqual(problemsOf(VolumeAttributesClass, attributes({ iops: "100" })), []);
  assert.deepEqual(problemsOf(VolumeAttributesClass, attributes({})), [
    "parameters: Required value: must contain at least one key/value pair",
  ]);
  assert.deepEqual(
    updateProblems(VolumeAttributesClass, attributes({ iops: "1" }), attributes({ iops: "2" })),
    ['parameters: Invalid value: {"iops":"2"}: field is immutable'],
  );
});
