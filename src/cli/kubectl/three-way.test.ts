import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "#api/apps-v1/deployment";
import { Pod } from "#api/core-v1/pod";
import { Service } from "#api/core-v1/service";
import type { Struct } from "#machinery/schema";
import { applyStrategicMerge } from "#machinery/patch/strategic-merge";
import type { Json } from "./objects.ts";
import { threeWayPatch } from "./three-way.ts";

interface Case {
  readonly what: string;
  readonly schema?: Struct;
  readonly original: Json;
  readonly modified: Json;
  readonly current: Json;
  readonly patch: Json;
  /** What the patch makes of `current`. */
  readonly result?: Json;
}

const pod = (spec: Json): Json => ({ spec });
const CASES: readonly Case[] = [
  {
    what: "nothing changed, though the server added defaults",
    original: { spec: { replicas: 1 } },
    modified: { spec: { replicas: 1 } },
    current: { spec: { replicas: 1, paused: false }, status: { replicas: 1 } },
    patch: {},
  },
  {
    what: "somebody else's change is taken back where the file speaks of it",
    original: { data: { a: "1" } },
    modified: { data: { a: "1" } },
    current: { data: { a: "9", b: "2" } },
    patch: { data: { a: "1" } },
  },
  {
    what: "what the file no longer says goes; what others said stays",
    original: { data: { a: "1", b: "2" } },
    modified: { data: { a: "1" } },
    current: { data: { a: "1", b: "2", c: "3" } },
    patch: { data: { b: null } },
  },
  {
    what: "what is gone already is not deleted again",
    original: { data: { a: "1", b: "2" } },
    modified: { data: { a: "1" } },
    current: { data: { a: "1" } },
    patch: {},
  },
  {
    what: "without a schema, lists are replaced",
    original: {},
    modified: { spec: { list: [{ name: "a" }] } },
    current: { spec: { list: [{ name: "a", x: 1 }] } },
    patch: { spec: { list: [{ name: "a" }] } },
  },
  {
    what: "containers are merged by name",
    schema: Pod.schema,
    original: pod({
      containers: [
        { name: "a", image: "x:1" },
        { name: "old", image: "y" },
      ],
    }),
    modified: pod({
      containers: [
        { name: "a", image: "x:2" },
        { name: "new", image: "z" },
      ],
    }),
    current: pod({
      containers: [
        { name: "a", image: "x:1", imagePullPolicy: "Always" },
        { name: "old", image: "y" },
        { name: "injected", image: "i" },
      ],
    }),
    patch: pod({
      "$setElementOrder/containers": [{ name: "a" }, { name: "new" }],
      containers: [
        { image: "x:2", name: "a" },
        { name: "new", image: "z" },
        { $patch: "delete", name: "old" },
      ],
    }),
    result: pod({
      containers: [
        { name: "a", image: "x:2", imagePullPolicy: "Always" },
        { name: "new", image: "z" },
        { name: "injected", image: "i" },
      ],
    }),
  },
  {
    what: "ports of a service are merged by port",
    schema: Service.schema,
    original: { spec: { ports: [{ port: 80 }] } },
    modified: { spec: { ports: [{ port: 80, name: "http" }] } },
    current: { spec: { ports: [{ port: 80, protocol: "TCP", targetPort: 80 }] } },
    patch: { spec: { "$setElementOrder/ports": [{ port: 80 }], ports: [{ name: "http", port: 80 }] } },
    result: { spec: { ports: [{ port: 80, protocol: "TCP", targetPort: 80, name: "http" }] } },
  },
  {
    what: "the members of a choice that is no longer wanted go",
    schema: Deployment.schema,
    original: { spec: { strategy: { type: "RollingUpdate" } } },
    modified: { spec: { strategy: { type: "Recreate" } } },
    current: { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } },
    patch: { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
    result: { spec: { strategy: { type: "Recreate" } } },
  },
  {
    what: "a volume of another kind under the same name",
    schema: Pod.schema,
    original: pod({ volumes: [{ name: "v", emptyDir: {} }] }),
    modified: pod({ volumes: [{ name: "v", configMap: { name: "c" } }] }),
    current: pod({ volumes: [{ name: "v", emptyDir: {} }] }),
    patch: pod({
      "$setElementOrder/volumes": [{ name: "v" }],
      volumes: [{ $retainKeys: ["configMap", "name"], configMap: { name: "c" }, emptyDir: null, name: "v" }],
    }),
    result: pod({ volumes: [{ name: "v", configMap: { name: "c" } }] }),
  },
  {
    what: "finalizers are merged as a set",
    schema: Pod.schema,
    original: { metadata: { finalizers: ["a", "b"] } },
    modified: { metadata: { finalizers: ["a", "c"] } },
    current: { metadata: { finalizers: ["a", "b", "x"] } },
    patch: {
      metadata: {
        "$setElementOrder/finalizers": ["a", "c"],
        "$deleteFromPrimitiveList/finalizers": ["b"],
        finalizers: ["c"],
      },
    },
    result: { metadata: { finalizers: ["a", "c", "x"] } },
  },
];

for (const { what, schema, original, modified, current, patch, result } of CASES)
  test(what, () => {
    const made = threeWayPatch(schema, original, modified, current);
    assert.deepEqual(made, patch);
    if (schema && result) assert.deepEqual(applyStrategicMerge(schema, current, made), result);
  });
