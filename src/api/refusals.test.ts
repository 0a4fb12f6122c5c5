/** Objects of many kinds that are refused, and the words for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HorizontalPodAutoscaler } from "#api/autoscaling-v2/horizontalpodautoscaler";
import { LimitRange } from "#api/core-v1/limitrange";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { Ingress } from "#api/networking-v1/ingress";
import { IngressClass } from "#api/networking-v1/ingressclass";
import { RuntimeClass } from "#api/node-v1/runtimeclass";
import { StorageClass } from "#api/storage-v1/storageclass";
import { VolumeAttachment } from "#api/storage-v1/volumeattachment";
import { problemsOf } from "#api/test-kit";
import type { AnyObject, Resource } from "#machinery/schema";

type Loose = Readonly<Record<string, unknown>>;
type Row = readonly [name: string, object: Loose, fields: readonly string[]];

/** Each line begins with its field and the kind of what is wrong. */
function refuses<T extends AnyObject>(of: Resource<T>, rows: readonly Row[]): void {
  for (const [name, object, starts] of rows)
    test(`${of.kind}: ${name}`, () => {
      const problems = problemsOf(of, object);
      assert.equal(problems.length, starts.length, problems.join("\n"));
      for (const [index, start] of starts.entries())
        assert.ok(problems[index]!.startsWith(start), `${problems[index]} is not ${start}`);
    });
}

const scaled = (metric: Loose, behavior?: Loose): Loose => ({
  spec: {
    maxReplicas: 3,
    scaleTargetRef: { kind: "Deployment", name: "web" },
    metrics: [metric],
    ...(behavior ? { behavior } : {}),
  },
});
const pods = {
  type: "Pods",
  pods: { metric: { name: "x" }, target: { type: "AverageValue", averageValue: "1" } },
};

refuses(HorizontalPodAutoscaler, [
  ["nothing wrong", scaled(pods), []],
  [
    "a metric of pods without an average",
    scaled({ type: "Pods", pods: { metric: { name: "a/b" }, target: { type: "Value", value: "1" } } }),
    [
      "spec.metrics[0].pods.metric.name: Invalid value: \"a/b\": may not contain '/'",
      "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue",
    ],
  ],
  [
    "a metric from outside aimed at twice",
    scaled({
      type: "External",
      external: { metric: { name: "x" }, target: { type: "Value", value: "1", averageValue: "1" } },
    }),
    ["spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric"],
  ],
  [
    "a metric of an object aimed at nothing",
    scaled({
      type: "Object",
      object: { metric: { name: "x" }, describedObject: { kind: "K", name: "n" }, target: { type: "Value" } },
    }),
    [
      "spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue",
    ],
  ],
  [
    "less than no tolerance",
    scaled(pods, { scaleUp: { tolerance: "-1" } }),
    ['spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0'],
  ],
]);

refuses(Ingress, [
  [
    "a target without a name",
    { spec: { defaultBackend: { resource: { apiGroup: "a b", kind: "", name: "x/y" } } } },
    [
      "spec.defaultBackend.resource.apiGroup: Invalid value",
      "spec.defaultBackend.resource.kind: Required value",
      "spec.defaultBackend.resource.name: Invalid value",
    ],
  ],
  [
    "a service that starts with a digit",
    { spec: { defaultBackend: { service: { name: "1a", port: { number: 80 } } } } },
    ['spec.defaultBackend.service.name: Invalid value: "1a": a DNS-1035 label'],
  ],
]);

refuses(IngressClass, [
  [
    "parameters of no group",
    { spec: { controller: "a.b/c", parameters: { apiGroup: "a b", kind: "K", name: "n" } } },
    ["spec.parameters.apiGroup: Invalid value"],
  ],
]);

refuses(RuntimeClass, [
  [
    "overhead of nothing, tolerations twice",
    {
      handler: "x",
      overhead: { podFixed: { foo: "1" } },
      scheduling: {
        nodeSelector: { "a b": "c" },
        tolerations: [
          { key: "a", operator: "Exists" },
          { key: "a", operator: "Exists" },
        ],
      },
    },
    [
      'overhead.podFixed.limits[foo]: Invalid value: "foo": must be a standard resource for containers',
      'scheduling.nodeSelector: Invalid value: "a b"',
      "scheduling.tolerations[1]: Duplicate value",
    ],
  ],
]);

const place = { key: "zone", values: ["a"] };

refuses(StorageClass, [
  [
    "places that are none, or twice there",
    {
      provisioner: "a.b/c",
      allowedTopologies: [
        { matchLabelExpressions: [{ key: "a b", values: [] }] },
        { matchLabelExpressions: [place, place] },
        { matchLabelExpressions: [place, place] },
      ],
    },
    [
      "allowedTopologies[0].matchLabelExpressions[0].values: Required value",
      "allowedTopologies[0].matchLabelExpressions[0].key: Invalid value",
      'allowedTopologies[1].matchLabelExpressions[1].key: Duplicate value: "zone"',
      'allowedTopologies[2].matchLabelExpressions[1].key: Duplicate value: "zone"',
      "allowedTopologies[2].matchLabelExpressions: Duplicate value",
    ],
  ],
]);

const attached = (source: Loose): Loose => ({ spec: { attacher: "a.b", nodeName: "n", source } });
const inline = { accessModes: ["ReadWriteOnce"], csi: { driver: "a.b", volumeHandle: "v" } };

refuses(VolumeAttachment, [
  ["a volume that stands for itself", attached({ inlineVolumeSpec: inline }), []],
  [
    "more than such a volume can say",
    attached({ inlineVolumeSpec: { ...inline, capacity: { storage: "1Gi" }, volumeMode: "Block" } }),
    [
      "spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
      "spec.source.inlineVolumeSpec.volumeMode: Forbidden",
    ],
  ],
  [
    "no name of a volume",
    attached({ persistentVolumeName: "A_" }),
    ["spec.source.persistentVolumeName: Invalid value"],
  ],
]);

refuses(EndpointSlice, [
  [
    "hints to nowhere",
    {
      addressType: "IPv4",
      endpoints: [
        {
          addresses: ["10.0.0.1"],
          hints: { forZones: [{ name: "a b" }], forNodes: [{ name: "A_" }, { name: "A_" }] },
        },
      ],
    },
    [
      "endpoints[0].hints.forZones[0].name: Invalid value",
      "endpoints[0].hints.forNodes[1].name: Duplicate value",
      "endpoints[0].hints.forNodes[0].name: Invalid value",
      "endpoints[0].hints.forNodes[1].name: Invalid value",
    ],
  ],
]);

refuses(LimitRange, [
  [
    "limits of what nobody knows",
    { spec: { limits: [{ type: "Thing" }, { type: "Pod", max: { foo: "1" } }] } },
    [
      'spec.limits[0].type: Invalid value: "Thing": must be a standard limit type or fully qualified',
      'spec.limits[1].max[foo]: Invalid value: "foo": must be a standard resource for containers',
    ],
  ],
]);

refuses(Namespace, [
  [
    "a finalizer of nobody",
    { spec: { finalizers: ["mine"] } },
    [
      'spec.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ],
]);

refuses(Node, [
  [
    "less than nothing",
    { status: { capacity: { cpu: "-1" } } },
    [
      'status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      "status.allocatable[cpu]: Invalid value",
    ],
  ],
]);
