import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import type { PodSpec } from "#api/core-v1/podspec";
import { seededRandom } from "#base/random";
import type { Wire } from "#machinery/schema";
import { ClusterState } from "./cluster-state.ts";
import { place } from "./cycle.ts";
import { explain } from "./explain.ts";
import { defaultPlugins } from "./plugins/registry.ts";
import { planPreemption } from "./preemption.ts";

let count = 0;

interface PodParts {
  readonly cpu?: string;
  readonly labels?: Record<string, string>;
  readonly namespace?: string;
  readonly spec?: Wire<PodSpec>;
  readonly owner?: string;
}

function pod({ cpu, labels = {}, namespace = "default", spec = {}, owner }: PodParts): Pod {
  const name = `pod-${++count}`;
  const resources = cpu === undefined ? {} : { requests: { cpu } };
  const ownerReferences =
    owner === undefined
      ? []
      : [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: owner, controller: true }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      uid: name,
      resourceVersion: "1",
      creationTimestamp: "",
      labels,
      ownerReferences,
    },
    spec: { containers: [{ name: "c", image: "app:1", resources }], ...spec },
    status: {},
  } as unknown as Pod;
}

interface NodeParts {
  readonly cpu?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: Wire<Node["spec"]>;
}

function node(name: string, { cpu = "4", pods = "110", labels = {}, spec = {} }: NodeParts = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: name,
      resourceVersion: "1",
      creationTimestamp: "",
      labels: { "kubernetes.io/hostname": name, ...labels },
    },
    spec,
    status: { allocatable: { cpu, memory: "8Gi", pods } },
  } as unknown as Node;
}

function cluster(nodes: readonly Node[], bound: readonly (readonly [Pod, string])[] = []): ClusterState {
  const state = new ClusterState();
  for (const each of nodes) state.setNode(each);
  for (const [each, name] of bound) state.setPod(each, name);
  return state;
}

const cycle = () => ({ plugins: defaultPlugins, random: seededRandom(1), start: 0 });

/** Where the pod goes, or the explanation why it goes nowhere. */
function outcome(state: ClusterState, wanted: Pod): string {
  const placement = place(cycle(), wanted, state);
  return placement.placed ? placement.node.name : explain(state.nodes.size, placement.rejections);
}

const zone = (name: string) => ({ "topology.kubernetes.io/zone": name });
const antiAffinity = (app: string, topologyKey = "kubernetes.io/hostname"): Wire<PodSpec> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey },
      ],
    },
  },
});
const affinity = (app: string, topologyKey = "topology.kubernetes.io/zone"): Wire<PodSpec> => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey },
      ],
    },
  },
});

const cases: Record<string, () => [got: string, expected: string]> = {
  "no nodes at all": () => [outcome(cluster([]), pod({})), "no nodes available to schedule pods"],
  "room is counted with what runs already": () => [
    outcome(cluster([node("a"), node("b")], [[pod({ cpu: "3500m" }), "a"]]), pod({ cpu: "1" })),
    "b",
  ],
  "no room anywhere": () => [
    outcome(cluster([node("a"), node("b", { cpu: "1" })]), pod({ cpu: "5" })),
    "0/2 nodes are available: 2 Insufficient cpu.",
  ],
  "a full node takes no further pod": () => [
    outcome(cluster([node("a", { pods: "1" })], [[pod({}), "a"]]), pod({})),
    "0/1 nodes are available: 1 Too many pods.",
  ],
  "a cordoned node": () => [
    outcome(cluster([node("a", { spec: { unschedulable: true } })]), pod({})),
    "0/1 nodes are available: 1 node(s) were unschedulable.",
  ],
  "a taint": () => [
    outcome(
      cluster([node("a", { spec: { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] } })]),
      pod({}),
    ),
    "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}.",
  ],
  "a tolerated taint": () => [
    outcome(
      cluster([node("a", { spec: { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] } })]),
      pod({ spec: { tolerations: [{ key: "gpu", operator: "Exists" }] } }),
    ),
    "a",
  ],
  "a node it would rather avoid is the last choice": () => [
    outcome(
      cluster([
        node("a", { spec: { taints: [{ key: "old", effect: "PreferNoSchedule" }] } }),
        node("b", { cpu: "1" }),
      ]),
      pod({ cpu: "500m" }),
    ),
    "b",
  ],
  "a node selector": () => [
    outcome(
      cluster([node("a"), node("b", { labels: { disk: "ssd" } })]),
      pod({ spec: { nodeSelector: { disk: "ssd" } } }),
    ),
    "b",
  ],
  "a required node affinity without match": () => [
    outcome(
      cluster([node("a")]),
      pod({
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["8"] }] }],
              },
            },
          },
        },
      }),
    ),
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  ],
  "a taken host port": () => {
    const spec = {
      containers: [
        { name: "c", ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }], resources: {} },
      ],
    };
    return [
      outcome(
        cluster([node("a")], [[pod({ spec: spec as Wire<PodSpec> }), "a"]]),
        pod({ spec: spec as Wire<PodSpec> }),
      ),
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ];
  },
  "anti-affinity keeps apart": () => [
    outcome(
      cluster([node("a"), node("b")], [[pod({ labels: { app: "db" } }), "a"]]),
      pod({ labels: { app: "db" }, spec: antiAffinity("db") }),
    ),
    "b",
  ],
  "anti-affinity of a running pod holds for newcomers": () => [
    outcome(
      cluster([node("a")], [[pod({ labels: { app: "db" }, spec: antiAffinity("web") }), "a"]]),
      pod({ labels: { app: "web" } }),
    ),
    "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  ],
  "affinity goes to the zone of its peers": () => [
    outcome(
      cluster(
        [
          node("a", { labels: zone("x") }),
          node("b", { labels: zone("y") }),
          node("c", { labels: zone("y") }),
        ],
        [[pod({ cpu: "3800m", labels: { app: "cache" } }), "b"]],
      ),
      pod({ cpu: "1", spec: affinity("cache") }),
    ),
    "c",
  ],
  "the first of a group that wants its own kind beside it": () => [
    outcome(
      cluster([node("a", { labels: zone("x") })]),
      pod({ labels: { app: "web" }, spec: affinity("web") }),
    ),
    "a",
  ],
  "affinity in another namespace does not count": () => [
    outcome(
      cluster(
        [node("a", { labels: zone("x") })],
        [[pod({ labels: { app: "cache" }, namespace: "other" }), "a"]],
      ),
      pod({ spec: affinity("cache") }),
    ),
    "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
  ],
  "a hard spread constraint": () => {
    const spec: Wire<PodSpec> = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "topology.kubernetes.io/zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { app: "web" } },
        },
      ],
    };
    const web = () => pod({ labels: { app: "web" }, spec });
    return [
      outcome(
        cluster(
          [node("a", { labels: zone("x") }), node("b", { cpu: "1", labels: zone("y") })],
          [
            [web(), "a"],
            [pod({}), "b"],
          ],
        ),
        web(),
      ),
      "b",
    ];
  },
  "replicas of one owner are spread without asking": () => [
    outcome(
      cluster(
        [node("a"), node("b")],
        [
          [pod({ owner: "rs" }), "a"],
          [pod({ cpu: "1" }), "b"],
        ],
      ),
      pod({ owner: "rs" }),
    ),
    "b",
  ],
  "scheduling gates": () => [
    outcome(cluster([node("a")]), pod({ spec: { schedulingGates: [{ name: "quota" }] } })),
    "0/1 nodes are available: 1 waiting for scheduling gates: [quota].",
  ],
  "several reasons are counted": () => [
    outcome(
      cluster([
        node("a", { cpu: "1" }),
        node("b", { spec: { unschedulable: true } }),
        node("c", { cpu: "1" }),
      ]),
      pod({ cpu: "2" }),
    ),
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.",
  ],
};

for (const [what, run] of Object.entries(cases)) {
  test(`placement: ${what}`, () => {
    const [got, expected] = run();
    assert.equal(got, expected);
  });
}

test("a pod removed gives its room back", () => {
  const big = pod({ cpu: "4" });
  const state = cluster([node("a")], [[big, "a"]]);
  assert.match(outcome(state, pod({ cpu: "1" })), /Insufficient cpu/);
  state.removePod(big);
  assert.equal(outcome(state, pod({ cpu: "1" })), "a");
});

test("pods on a node that comes later are counted", () => {
  const state = cluster([], [[pod({ cpu: "4" }), "late"]]);
  state.setNode(node("late"));
  assert.match(outcome(state, pod({ cpu: "1" })), /Insufficient cpu/);
});

test("preemption takes the fewest and least important pods, and spares protected ones", () => {
  const low = pod({ cpu: "2", spec: { priority: 1 } });
  const middle = pod({ cpu: "2", spec: { priority: 5 } });
  const guarded = pod({ cpu: "4", spec: { priority: 0 } });
  const state = cluster(
    [node("a"), node("b")],
    [
      [low, "a"],
      [middle, "a"],
      [guarded, "b"],
    ],
  );
  const wanted = pod({ cpu: "2", spec: { priority: 10 } });
  const failure = place(cycle(), wanted, state);
  assert.ok(!failure.placed);
  const plan = planPreemption(
    wanted,
    failure,
    state,
    defaultPlugins,
    ({ metadata }) => metadata.uid === guarded.metadata.uid,
  );
  assert.equal(plan?.node.name, "a");
  assert.deepEqual(
    plan?.victims.map(({ metadata }) => metadata.name),
    [low.metadata.name],
  );
  assert.match(outcome(state, pod({ cpu: "1" })), /Insufficient cpu/, "planning changes nothing");
});

test("nobody is preempted for a pod that no empty node could hold", () => {
  const state = cluster([node("a")], [[pod({ cpu: "4" }), "a"]]);
  const wanted = pod({ cpu: "5", spec: { priority: 10 } });
  const failure = place(cycle(), wanted, state);
  assert.ok(!failure.placed);
  assert.equal(
    planPreemption(wanted, failure, state, defaultPlugins, () => false),
    undefined,
  );
});

test("room is kept for a nominated pod against less important ones", () => {
  const state = cluster([node("a")]);
  const nominated = pod({ cpu: "4", spec: { priority: 10 } });
  state.nominate(nominated, "a");
  assert.match(outcome(state, pod({ cpu: "1" })), /Insufficient cpu/);
  assert.equal(outcome(state, pod({ cpu: "1", spec: { priority: 20 } })), "a");
  assert.equal(outcome(state, nominated), "a");
});
