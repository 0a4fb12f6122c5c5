import assert from "node:assert/strict";
import { test } from "node:test";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Secret } from "#api/core-v1/secret";
import { Service } from "#api/core-v1/service";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { Deployment } from "#api/apps-v1/deployment";
import { decodeJson } from "#machinery/derive/json";
import type { AnyObject, Resource } from "#machinery/schema";
import { inScope, usageOf } from "./usage.ts";

const of = <T extends AnyObject>(kind: Resource<T>, parts: object): T =>
  decodeJson(kind.schema, { metadata: { name: "a", namespace: "n" }, ...parts }) as T;

const pod = (spec: object, status: object = {}) =>
  of(Pod, { spec: { containers: [{ name: "c", image: "i" }], ...spec }, status });
const sized = (resources: object, status: object = {}) =>
  pod({ containers: [{ name: "c", image: "i", resources }] }, status);
const service = (spec: object) => of(Service, { spec });
const claim = (spec: object, status: object = {}, annotations: object = {}) =>
  of(PersistentVolumeClaim, { metadata: { name: "a", annotations }, spec, status });
const storage = (amount: string) => ({ resources: { requests: { storage: amount } } });

const PORTS = [{ port: 80, nodePort: 30080 }, { port: 81 }];
const CLASS = "fast.storageclass.storage.k8s.io";

const usages: readonly (readonly [string, Resource, AnyObject, Readonly<Record<string, string>>])[] = [
  [
    "pods by what they ask for and may use",
    Pod,
    sized({
      requests: { cpu: "1", "example.com/gpu": "2", "ephemeral-storage": "1Gi", "hugepages-2Mi": "4Mi" },
      limits: { memory: "1Gi" },
    }),
    {
      "count/pods": "1",
      pods: "1",
      cpu: "1",
      "requests.cpu": "1",
      "requests.example.com/gpu": "2",
      "ephemeral-storage": "1Gi",
      "requests.ephemeral-storage": "1Gi",
      "hugepages-2Mi": "4Mi",
      "requests.hugepages-2Mi": "4Mi",
      "limits.memory": "1Gi",
    },
  ],
  [
    "pods that have ended only as objects",
    Pod,
    sized({ requests: { cpu: "1" } }, { phase: "Succeeded" }),
    { "count/pods": "1" },
  ],
  [
    "node ports of services",
    Service,
    service({ type: "NodePort", ports: PORTS }),
    { "count/services": "1", services: "1", "services.nodeports": "2", "services.loadbalancers": "0" },
  ],
  [
    "load balancers with all their node ports",
    Service,
    service({ type: "LoadBalancer", ports: PORTS }),
    { "count/services": "1", services: "1", "services.nodeports": "2", "services.loadbalancers": "1" },
  ],
  [
    "load balancers with those node ports that were asked for",
    Service,
    service({ type: "LoadBalancer", ports: PORTS, allocateLoadBalancerNodePorts: false }),
    { "count/services": "1", services: "1", "services.nodeports": "1", "services.loadbalancers": "1" },
  ],
  [
    "claims by their class",
    PersistentVolumeClaim,
    claim({ storageClassName: "fast", ...storage("1Gi") }),
    {
      "count/persistentvolumeclaims": "1",
      persistentvolumeclaims: "1",
      "requests.storage": "1Gi",
      [`${CLASS}/persistentvolumeclaims`]: "1",
      [`${CLASS}/requests.storage`]: "1Gi",
    },
  ],
  [
    "claims by their class in its old place, with what is allocated already",
    PersistentVolumeClaim,
    claim(
      storage("1Gi"),
      { allocatedResources: { storage: "3Gi" } },
      { "volume.beta.kubernetes.io/storage-class": "fast" },
    ),
    {
      "count/persistentvolumeclaims": "1",
      persistentvolumeclaims: "1",
      "requests.storage": "3Gi",
      [`${CLASS}/persistentvolumeclaims`]: "1",
      [`${CLASS}/requests.storage`]: "3Gi",
    },
  ],
  [
    "devices by their class, of choices the one with the most",
    ResourceClaim,
    of(ResourceClaim, {
      spec: {
        devices: {
          requests: [
            { name: "a", exactly: { deviceClassName: "gpu", count: 2, allocationMode: "ExactCount" } },
            { name: "b", exactly: { deviceClassName: "nic", allocationMode: "All" } },
            {
              name: "c",
              firstAvailable: [
                { name: "one", deviceClassName: "gpu", count: 1, allocationMode: "ExactCount" },
                { name: "four", deviceClassName: "gpu", count: 4, allocationMode: "ExactCount" },
              ],
            },
          ],
        },
      },
    }),
    {
      "count/resourceclaims.resource.k8s.io": "1",
      "gpu.deviceclass.resource.k8s.io/devices": "6",
      "nic.deviceclass.resource.k8s.io/devices": "32",
    },
  ],
  ["secrets under both names", Secret, of(Secret, {}), { "count/secrets": "1", secrets: "1" }],
  ["other kinds by count", Deployment as Resource, of(Secret, {}), { "count/deployments.apps": "1" }],
];

for (const [name, kind, object, usage] of usages)
  test(`quotas count ${name}`, () => {
    assert.deepEqual(usageOf(kind, object), usage);
  });

const affine = (term: object) => ({
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: "zone", ...term } },
      ],
    },
  },
});
const by = (scopeName: string, operator: string, ...values: readonly string[]) => ({
  scopeSelector: { matchExpressions: [{ scopeName, operator, values }] },
});
const byScope = (scope: string) => ({ scopes: [scope] });
const classed = (name: string) => pod({ priorityClassName: name });
const attributes = { volumeAttributesClassName: "gold" };

const scopes: readonly (readonly [object, Resource, AnyObject, boolean])[] = [
  [byScope("Terminating"), Pod, pod({ activeDeadlineSeconds: 5 }), true],
  [byScope("Terminating"), Pod, pod({}), false],
  [byScope("NotTerminating"), Pod, pod({}), true],
  [byScope("BestEffort"), Pod, pod({}), true],
  [byScope("BestEffort"), Pod, sized({ requests: { cpu: "1" } }), false],
  [byScope("NotBestEffort"), Pod, sized({ requests: { cpu: "1" } }), true],
  [byScope("PriorityClass"), Pod, classed("high"), true],
  [byScope("PriorityClass"), Pod, pod({}), false],
  [by("PriorityClass", "In", "high", "low"), Pod, classed("low"), true],
  [by("PriorityClass", "In", "high"), Pod, pod({}), false],
  [by("PriorityClass", "NotIn", "high"), Pod, classed("high"), false],
  [by("PriorityClass", "NotIn", "high"), Pod, pod({}), true],
  [by("PriorityClass", "DoesNotExist"), Pod, pod({}), true],
  [byScope("CrossNamespacePodAffinity"), Pod, pod(affine({ namespaces: ["other"] })), true],
  [byScope("CrossNamespacePodAffinity"), Pod, pod(affine({ namespaceSelector: {} })), true],
  [byScope("CrossNamespacePodAffinity"), Pod, pod(affine({})), false],
  [by("VolumeAttributesClass", "In", "gold"), PersistentVolumeClaim, claim(attributes), true],
  [by("VolumeAttributesClass", "In", "silver"), PersistentVolumeClaim, claim(attributes), false],
  [
    by("VolumeAttributesClass", "In", "silver"),
    PersistentVolumeClaim,
    claim(attributes, { currentVolumeAttributesClassName: "silver" }),
    true,
  ],
  [
    by("VolumeAttributesClass", "In", "new"),
    PersistentVolumeClaim,
    claim(attributes, { modifyVolumeStatus: { targetVolumeAttributesClassName: "new", status: "Pending" } }),
    true,
  ],
  [by("VolumeAttributesClass", "DoesNotExist"), PersistentVolumeClaim, claim({}), true],
  [byScope("BestEffort"), Secret, of(Secret, {}), false],
  [{}, Secret, of(Secret, {}), true],
];

test("scopes choose what a quota is about", () => {
  for (const [spec, kind, object, expected] of scopes) {
    const quota = of(ResourceQuota, { spec });
    const what = `${JSON.stringify(spec)} ${JSON.stringify(object)}`;
    assert.equal(inScope(quota, kind, object), expected, what);
  }
});
