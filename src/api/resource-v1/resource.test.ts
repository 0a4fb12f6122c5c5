import { test } from "node:test";
import assert from "node:assert/strict";
import { DeviceClass } from "#api/resource-v1/deviceclass";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { ResourceSlice } from "#api/resource-v1/resourceslice";
import { created, problemsOf, statusProblems, updateProblems } from "#api/test-kit";

const metadata = { name: "a", namespace: "default", resourceVersion: "1" };
const claim = (devices: object) => ({ metadata, spec: { devices } });
const gpu = (exactly: object = {}) => ({
  name: "gpu",
  exactly: { deviceClassName: "gpu.example.com", ...exactly },
});
const slice = (spec: object) => ({
  metadata: { name: "s", resourceVersion: "1" },
  spec: {
    driver: "gpu.example.com",
    pool: { name: "n1", generation: 1, resourceSliceCount: 1 },
    nodeName: "n1",
    ...spec,
  },
});

test("a class selects devices by expressions that are checked", () => {
  const classOf = (expression: string) => ({
    metadata: { name: "gpu.example.com" },
    spec: { selectors: [{ cel: { expression } }] },
  });
  const good = `device.driver == "gpu.example.com" && device.attributes["gpu.example.com"].model == "a" &&
    device.capacity["gpu.example.com"].memory.isGreaterThan(quantity("1Gi"))`;
  assert.deepEqual(problemsOf(DeviceClass, classOf(good)), []);
  assert.deepEqual(problemsOf(DeviceClass, classOf("device.driver")), [
    'spec.selectors[0].cel.expression: Invalid value: "device.driver": cel expression must evaluate to a bool',
  ]);
  assert.match(problemsOf(DeviceClass, classOf("device.nothing == 1"))[0]!, /undefined field 'nothing'/);
  assert.deepEqual(problemsOf(DeviceClass, { metadata: { name: "a" }, spec: { selectors: [{}] } }), [
    "spec.selectors[0].cel: Required value",
  ]);
  const settings = (parameters: unknown) => ({
    metadata: { name: "a" },
    spec: { config: [{ opaque: { driver: "gpu.example.com", parameters } }] },
  });
  assert.deepEqual(problemsOf(DeviceClass, settings({ kind: "Settings" })), []);
  assert.deepEqual(problemsOf(DeviceClass, settings("text")), [
    'spec.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a JSON object',
  ]);
});

test("a claim asks for one thing, or for the first of several", () => {
  const whole = created(ResourceClaim, claim({ requests: [gpu()] }));
  assert.deepEqual(problemsOf(ResourceClaim, claim({ requests: [gpu()] })), []);
  assert.equal(whole.spec.devices.requests[0]!.exactly!.count, 1);
  assert.deepEqual(problemsOf(ResourceClaim, claim({ requests: [{ name: "gpu" }] })), [
    "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
  ]);
  assert.deepEqual(
    problemsOf(ResourceClaim, claim({ requests: [gpu({ allocationMode: "All", count: 2 })] })),
    [
      "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
    ],
  );
  assert.deepEqual(problemsOf(ResourceClaim, claim({ requests: [gpu(), gpu()] })), [
    'spec.devices.requests[1].name: Duplicate value: "gpu"',
  ]);
  const constraint = { requests: ["disk"], matchAttribute: "gpu.example.com/numa" };
  assert.match(
    problemsOf(ResourceClaim, claim({ requests: [gpu()], constraints: [constraint] }))[0]!,
    /^spec\.devices\.constraints\[0\]\.requests\[0\]: Invalid value: "disk": must be the name of a request/,
  );
  const [changed] = updateProblems(
    ResourceClaim,
    claim({ requests: [gpu()] }),
    claim({ requests: [gpu({ count: 2 })] }),
  );
  assert.match(changed!, /^spec: Invalid value: .*: field is immutable$/);
});

test("a slice is of some nodes, and its devices have one name each", () => {
  const devices = [
    {
      name: "gpu-0",
      attributes: { model: { string: "a" }, version: { version: "1.2.3" } },
      capacity: { memory: { value: "1Gi" } },
    },
  ];
  assert.deepEqual(problemsOf(ResourceSlice, slice({ devices })), []);
  assert.deepEqual(problemsOf(ResourceSlice, slice({ devices: [...devices, ...devices] })), [
    'spec.devices[1].name: Duplicate value: "gpu-0"',
  ]);
  assert.match(problemsOf(ResourceSlice, slice({ allNodes: true }))[0]!, /but multiple fields are set$/);
  assert.deepEqual(
    problemsOf(
      ResourceSlice,
      slice({ devices: [{ name: "d", attributes: { "a b": { int: 1, bool: true } } }] }),
    ).length,
    2,
  );
  assert.deepEqual(
    problemsOf(ResourceSlice, slice({ devices: [{ name: "d", attributes: { v: { version: "1" } } }] })),
    [
      'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
    ],
  );
  assert.deepEqual(updateProblems(ResourceSlice, slice({}), slice({ nodeName: "n2" })), [
    'spec.nodeName: Invalid value: "n2": field is immutable',
  ]);
});

test("nobody holds a claim that nothing was allocated for, and what is allocated was asked for", () => {
  const spec = { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "x" } }] } };
  const reservedFor = [{ resource: "pods", name: "web", uid: "u" }];
  assert.deepEqual(statusProblems(ResourceClaim, { spec }, { spec, status: { reservedFor } }), [
    "status.reservedFor: Forbidden: may not be specified when `allocated` is not set",
  ]);
  const results = [{ request: "disk", driver: "a.b", pool: "p", device: "d" }];
  const [problem] = statusProblems(
    ResourceClaim,
    { spec },
    { spec, status: { allocation: { devices: { results } } } },
  );
  assert.match(
    problem!,
    /^status\.allocation\.devices\.results\[0\]\.request: Invalid value: "disk": must be the name/,
  );
});
