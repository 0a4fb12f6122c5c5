import assert from "node:assert/strict";
import { test } from "node:test";
import { HorizontalPodAutoscaler } from "#api/autoscaling-v2/horizontalpodautoscaler";
import { CronJob } from "#api/batch-v1/cronjob";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { Job } from "#api/batch-v1/job";
import { DaemonSet } from "#api/apps-v1/daemonset";
import { Deployment } from "#api/apps-v1/deployment";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { ConfigMap } from "#api/core-v1/configmap";
import { LimitRange } from "#api/core-v1/limitrange";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Secret } from "#api/core-v1/secret";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { Ingress } from "#api/networking-v1/ingress";
import { NetworkPolicy } from "#api/networking-v1/networkpolicy";
import { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import { PriorityClass } from "#api/scheduling-v1/priorityclass";
import { cellsOf, created, made, problemsOf, statusProblems, updateProblems } from "#api/test-kit";
import type { Resource } from "#machinery/schema";

type Loose = Readonly<Record<string, unknown>>;

const LABELS = { app: "web" };
const podSpec = (change: Loose = {}): Loose => ({
  containers: [{ name: "main", image: "nginx" }],
  ...change,
});
const template = (change: Loose = {}, labels: Loose = LABELS): Loose => ({
  metadata: { labels },
  spec: podSpec(change),
});
const workload = (change: Loose = {}): Loose => ({
  spec: { selector: { matchLabels: LABELS }, template: template(), ...change },
});
const job = (change: Loose = {}): Loose => ({
  metadata: { uid: "1" },
  spec: { template: { spec: podSpec({ restartPolicy: "Never" }) }, ...change },
});
const service = (change: Loose = {}): Loose => ({
  spec: { ports: [{ port: 80 }], selector: LABELS, ...change },
});
const claim = (change: Loose = {}): Loose => ({
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...change },
});

// oxlint-disable-next-line typescript/no-explicit-any -- a table of kinds of every shape
type AnyKind = Resource<any>;

const apiService = (change: Loose = {}, name = "v1.sea"): Loose => ({
  metadata: { name },
  spec: { group: "sea", version: "v1", groupPriorityMinimum: 1, versionPriority: 1, ...change },
});
const fishService = (change: Loose = {}): Loose => ({ service: { namespace: "a", name: "b", ...change } });

const newObjects: readonly (readonly [
  what: string,
  of: AnyKind,
  object: Loose,
  problems: readonly string[],
])[] = [
  ["an API service of this server", APIService, apiService(), []],
  [
    "an API service by another name",
    APIService,
    apiService({}, "v1.air"),
    ['metadata.name: Invalid value: "v1.air": must be `spec.version+"."+spec.group`: "v1.sea"'],
  ],
  [
    "an API service without group",
    APIService,
    apiService({ group: "", version: "v2" }, "v2."),
    ["spec.group: Required value: only v1 may have an empty group and it better be legacy kube"],
  ],
  [
    "priorities out of range",
    APIService,
    apiService({ groupPriorityMinimum: 20_001, versionPriority: 0 }),
    [
      "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000",
      "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
    ],
  ],
  [
    "a local API service that trusts somebody",
    APIService,
    apiService({ caBundle: "YQ==", insecureSkipTLSVerify: true }),
    [
      'spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle',
      "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
    ],
  ],
  ["an API service of another server", APIService, apiService(fishService()), []],
  [
    "an API service that is nowhere and trusts everybody",
    APIService,
    apiService({
      ...fishService({ namespace: "", name: "", port: 0 }),
      caBundle: "YQ==",
      insecureSkipTLSVerify: true,
    }),
    [
      "spec.service.namespace: Required value",
      "spec.service.name: Required value",
      "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
      "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present",
    ],
  ],
  ["a deployment", Deployment, workload(), []],
  [
    "a selector that misses its own pods",
    Deployment,
    workload({ template: template({}, { app: "other" }) }),
    [
      'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
    ],
  ],
  [
    "a deployment that selects everything",
    Deployment,
    workload({ selector: {} }),
    ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ],
  [
    "a deployment without selector",
    Deployment,
    workload({ selector: null }),
    [
      "spec.selector: Required value",
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  [
    "pods of a deployment that end",
    Deployment,
    workload({ template: template({ restartPolicy: "Never" }) }),
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    "less than no replicas",
    ReplicaSet,
    workload({ replicas: -1 }),
    ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "a rollout that cannot move",
    Deployment,
    workload({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  [
    "a rollout of what is recreated",
    Deployment,
    workload({ strategy: { type: "Recreate", rollingUpdate: {} } }),
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  ["a stateful set", StatefulSet, workload({ serviceName: "web" }), []],
  ["a daemon set", DaemonSet, workload(), []],
  ["a job", Job, job(), []],
  [
    "a job that never ends",
    Job,
    job({ template: { spec: podSpec() } }),
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  [
    "an indexed job without a number",
    Job,
    job({ completionMode: "Indexed", parallelism: 2 }),
    ["spec.completions: Required value: when completion mode is Indexed"],
  ],
  [
    "a cron job at no time",
    CronJob,
    { spec: { schedule: "61 * * * *", jobTemplate: job() } },
    ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
  ],
  [
    "a cron job",
    CronJob,
    { spec: { schedule: "*/5 1-3 * jan,feb mon", jobTemplate: job(), timeZone: "Asia/Tokyo" } },
    [],
  ],
  ["a service", Service, service(), []],
  ["a service without ports", Service, service({ ports: [] }), ["spec.ports: Required value"]],
  ["a headless service without ports", Service, service({ ports: [], clusterIP: "None" }), []],
  [
    "two ports without names",
    Service,
    service({ ports: [{ port: 80 }, { port: 80 }] }),
    [
      "spec.ports[0].name: Required value",
      "spec.ports[1].name: Required value",
      'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
    ],
  ],
  [
    "a node port of a cluster service",
    Service,
    service({ ports: [{ port: 80, nodePort: 30080 }] }),
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    "an external name that is none",
    Service,
    { spec: { type: "ExternalName" } },
    ["spec.externalName: Required value"],
  ],
  [
    "a port without a protocol that exists",
    Service,
    service({ ports: [{ port: 80, protocol: "ICMP" }] }),
    ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
  ],
  [
    "a key that is none",
    ConfigMap,
    { data: { "a b": "c" } },
    [
      "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [
    "a certificate without its key",
    Secret,
    { type: "kubernetes.io/tls", stringData: { "tls.crt": "x" } },
    ["data[tls.key]: Required value"],
  ],
  [
    "an address of another family",
    EndpointSlice,
    { addressType: "IPv4", endpoints: [{ addresses: ["fd00::1"] }], ports: [{ port: 80 }] },
    ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address'],
  ],
  [
    "a rule that allows nothing",
    ClusterRole,
    { rules: [{ verbs: [], apiGroups: [""], resources: ["pods"] }] },
    ["rules[0].verbs: Required value: verbs must contain at least one value"],
  ],
  [
    "a binding of an account from nowhere",
    RoleBinding,
    { roleRef: { kind: "Role", name: "x" }, subjects: [{ kind: "ServiceAccount", name: "robot" }] },
    ["subjects[0].namespace: Required value"],
  ],
  [
    "an ingress to nowhere",
    Ingress,
    { spec: {} },
    ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"],
  ],
  [
    "peers of two sorts",
    NetworkPolicy,
    { spec: { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }] }] } },
    ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
  ],
  [
    "an exception outside",
    NetworkPolicy,
    { spec: { ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }] }] } },
    [
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ],
  ],
  [
    "a budget in two ways",
    PodDisruptionBudget,
    { spec: { minAvailable: 1, maxUnavailable: 1 } },
    [
      'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
    ],
  ],
  [
    "a priority above all",
    PriorityClass,
    { value: 2_000_000_001 },
    ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
  ],
  [
    "fewer at most than at least",
    HorizontalPodAutoscaler,
    { spec: { minReplicas: 3, maxReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "web" } } },
    ["spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"],
  ],
  [
    "a claim for nothing",
    PersistentVolumeClaim,
    { spec: {} },
    [
      "spec.accessModes: Required value: at least 1 access mode is required",
      "spec.resources[storage]: Required value",
    ],
  ],
  [
    "a least above the most",
    LimitRange,
    { spec: { limits: [{ type: "Pod", min: { cpu: "2" }, max: { cpu: "1" } }] } },
    ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    "a quota of what nobody knows",
    ResourceQuota,
    { spec: { hard: { bananas: "1" } } },
    ['spec.hard[bananas]: Invalid value: "bananas": must be a standard resource for quota'],
  ],
];

for (const [what, of, object, problems] of newObjects)
  test(`create: ${what}`, () => assert.deepEqual(problemsOf(of, object), problems));

const updated: readonly (readonly [
  what: string,
  of: AnyKind,
  before: Loose,
  after: Loose,
  problems: readonly string[],
])[] = [
  ["more replicas", Deployment, workload(), workload({ replicas: 3 }), []],
  [
    "another selector",
    Deployment,
    workload(),
    workload({
      selector: { matchLabels: { app: "web", tier: "x" } },
      template: template({}, { app: "web", tier: "x" }),
    }),
    ['spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable'],
  ],
  [
    "another service name",
    StatefulSet,
    workload({ serviceName: "a" }),
    workload({ serviceName: "b" }),
    [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
  ],
  ["a service that names no address", Service, service({ clusterIP: "10.96.0.7" }), service(), []],
  [
    "another address",
    Service,
    service({ clusterIP: "10.96.0.7" }),
    service({ clusterIP: "10.96.0.8" }),
    ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
  ],
  [
    "a service that stops having an address",
    Service,
    service({ clusterIP: "10.96.0.7" }),
    { spec: { type: "ExternalName", externalName: "example.com" } },
    [],
  ],
  [
    "data that was frozen",
    ConfigMap,
    { immutable: true, data: { a: "b" } },
    { immutable: true, data: { a: "c" } },
    ["data: Forbidden: field is immutable when `immutable` is set"],
  ],
  [
    "another type of secret",
    Secret,
    { data: {} },
    { type: "example.com/x" },
    ['type: Invalid value: "example.com/x": field is immutable'],
  ],
  [
    "another role",
    RoleBinding,
    { roleRef: { kind: "Role", name: "a" } },
    { roleRef: { kind: "Role", name: "b" } },
    [
      'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"b"}: cannot change roleRef',
    ],
  ],
  [
    "a node that moves",
    Node,
    { spec: { podCIDR: "10.1.0.0/24" } },
    { spec: { podCIDR: "10.2.0.0/24" } },
    ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
  ],
  [
    "a claim for another class",
    PersistentVolumeClaim,
    claim({ storageClassName: "a" }),
    claim({ storageClassName: "b" }),
    [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ],
  ],
  ["a claim that is bound", PersistentVolumeClaim, claim(), claim({ volumeName: "pv-1" }), []],
  [
    "another value",
    PriorityClass,
    { value: 1 },
    { value: 2 },
    ["value: Forbidden: may not be changed in an update."],
  ],
];

for (const [what, of, before, after, problems] of updated)
  test(`update: ${what}`, () => assert.deepEqual(updateProblems(of, before, after), problems));

test("status: ready replicas are among the replicas", () => {
  const status = (readyReplicas: number): Loose => ({
    ...workload(),
    status: { replicas: 1, readyReplicas },
  });
  assert.deepEqual(statusProblems(ReplicaSet, status(0), status(1)), []);
  assert.deepEqual(statusProblems(ReplicaSet, status(0), status(2)), [
    "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
  ]);
});

test("defaults of a deployment", () => {
  const { spec } = made(Deployment, workload());
  assert.equal(spec.replicas, 1);
  assert.equal(spec.progressDeadlineSeconds, 600);
  assert.deepEqual(spec.strategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
  });
  assert.equal(spec.template.spec.containers[0]?.imagePullPolicy, "Always");
});

test("defaults of a service follow its type", () => {
  const { spec } = made(Service, service({ type: "LoadBalancer", sessionAffinity: "ClientIP" }));
  assert.equal(spec.ports?.[0]?.targetPort, 80);
  assert.equal(spec.externalTrafficPolicy, "Cluster");
  assert.equal(spec.internalTrafficPolicy, "Cluster");
  assert.equal(spec.allocateLoadBalancerNodePorts, true);
  assert.deepEqual(spec.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10800 } });
  assert.equal(made(Service, service()).spec.externalTrafficPolicy, undefined);
});

test("a job gets a selector of its own", () => {
  const { spec, metadata } = created(Job, job());
  assert.deepEqual(spec.selector?.matchLabels, { "batch.kubernetes.io/controller-uid": "1" });
  assert.equal(spec.template.metadata.labels?.["job-name"], metadata.name);
  assert.equal(spec.completions, 1);
  assert.equal(spec.backoffLimit, 6);
});

test("a namespace is labelled, held and active", () => {
  const { metadata, spec, status } = created(Namespace, {});
  assert.equal(metadata.labels?.["kubernetes.io/metadata.name"], "web");
  assert.deepEqual(spec.finalizers, ["kubernetes"]);
  assert.equal(status.phase, "Active");
});

test("texts of a secret become data", () => {
  assert.deepEqual(made(Secret, { stringData: { a: "ü" } }).data, { a: "w7w=" });
});

test("policies are for ingress, and for egress where rules say so", () => {
  const types = (spec: Loose) => made(NetworkPolicy, { spec }).spec.policyTypes;
  assert.deepEqual(types({}), ["Ingress"]);
  assert.deepEqual(types({ egress: [{}] }), ["Ingress", "Egress"]);
});

const rows: readonly (readonly [what: string, of: AnyKind, object: Loose, cells: Loose])[] = [
  [
    "a deployment",
    Deployment,
    { ...workload(), status: { readyReplicas: 1, updatedReplicas: 1 } },
    { Name: "web", Ready: "1/1", "Up-to-date": 1, Available: 0, Images: "nginx", Selector: "app=web" },
  ],
  [
    "a node",
    Node,
    {
      metadata: {
        labels: { "node-role.kubernetes.io/control-plane": "" },
        creationTimestamp: "2025-12-31T23:57:30Z",
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
        nodeInfo: { kubeletVersion: "v1.35.0" },
      },
    },
    {
      Status: "Ready,SchedulingDisabled",
      Roles: "control-plane",
      Age: "2m30s",
      Version: "v1.35.0",
      "Internal-IP": "10.0.0.1",
      "External-IP": "<none>",
      "OS-Image": "<unknown>",
    },
  ],
  [
    "a service",
    Service,
    service({ type: "NodePort", ports: [{ port: 80, nodePort: 30080 }], clusterIP: "10.96.0.7" }),
    { Type: "NodePort", "Cluster-IP": "10.96.0.7", "External-IP": "<none>", "Port(s)": "80:30080/TCP" },
  ],
  ["a load balancer in waiting", Service, service({ type: "LoadBalancer" }), { "External-IP": "<pending>" }],
  [
    "a finished job",
    Job,
    {
      ...job(),
      status: {
        succeeded: 1,
        startTime: "2025-12-31T23:00:00Z",
        completionTime: "2025-12-31T23:00:42Z",
        conditions: [{ type: "Complete", status: "True" }],
      },
    },
    { Status: "Complete", Completions: "1/1", Duration: "42s" },
  ],
  [
    "a slice",
    EndpointSlice,
    {
      addressType: "IPv4",
      endpoints: [
        { addresses: ["10.1.0.1"] },
        { addresses: ["10.1.0.2", "10.1.0.3"] },
        { addresses: ["10.1.0.4"] },
      ],
      ports: [{ port: 80 }],
    },
    { AddressType: "IPv4", Ports: "80", Endpoints: "10.1.0.1,10.1.0.2,10.1.0.3 + 1 more..." },
  ],
  [
    "an ingress",
    Ingress,
    { spec: { ingressClassName: "web", rules: [{ host: "a.example" }], tls: [{}] } },
    { Class: "web", Hosts: "a.example", Address: "", Ports: "80, 443" },
  ],
];

for (const [what, of, object, expected] of rows)
  test(`table: ${what}`, () => {
    const cells = cellsOf(of, made(of, object));
    for (const [column, value] of Object.entries(expected)) assert.equal(cells[column], value, column);
  });

test("a definition of a kind is checked, named and remembers how its objects are stored", () => {
  const schema = { openAPIV3Schema: { type: "object" } };
  const definition = (change: Loose = {}): Loose => ({
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
      ...change,
    },
  });
  assert.deepEqual(problemsOf(CustomResourceDefinition, definition()), []);
  const { spec, status } = created(CustomResourceDefinition, definition());
  assert.equal(spec.names.singular, "widget");
  assert.equal(spec.names.listKind, "WidgetList");
  assert.deepEqual(status.storedVersions, ["v1"]);
  const warned = { name: "v1", served: true, storage: true, schema, deprecationWarning: "use v2" };
  assert.deepEqual(problemsOf(CustomResourceDefinition, definition({ versions: [warned] })), [
    'spec.versions[0].deprecationWarning: Invalid value: "use v2": can only be set for deprecated versions',
  ]);
  assert.deepEqual(
    problemsOf(CustomResourceDefinition, definition({ versions: [{ ...warned, deprecated: true }] })),
    [],
  );
  assert.deepEqual(problemsOf(CustomResourceDefinition, definition({ versions: [{ name: "v1", schema }] })), [
    'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
  ]);
});
