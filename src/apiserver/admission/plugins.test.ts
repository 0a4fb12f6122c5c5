import assert from "node:assert/strict";
import { test } from "node:test";
import { LimitRange } from "#api/core-v1/limitrange";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { RuntimeClass } from "#api/node-v1/runtimeclass";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { resourceForKind } from "#api/registry";
import { PriorityClass } from "#api/scheduling-v1/priorityclass";
import { StorageClass } from "#api/storage-v1/storageclass";
import { seededRandom } from "#base/random";
import type { Call, Transport } from "#client/transport";
import type { AnyObject, Resource } from "#machinery/schema";
import { notFound } from "#machinery/status";
import { authorizers } from "../authorization/authorizer.ts";
import { RbacAuthorizer } from "../authorization/rbac.ts";
import type { Admission, AdmissionPlugin, Authorizer, User } from "../contracts.ts";
import { MapReadCache } from "../map-read-cache.ts";
import { admissionPlugins } from "./plugins.ts";

const ANN: User = { name: "ann", groups: ["system:authenticated"] };

/** What the plugins may write, kept in the cache as the server would. */
function loopbackOf(cache: MapReadCache): Transport {
  return {
    call(call: Call<AnyObject>) {
      const { resource, namespace, name = "" } = call;
      const present = cache.get(resource, namespace, name);
      if (call.verb === "update") {
        cache.put(call.body as AnyObject);
        return Promise.resolve(call.body);
      }
      return present
        ? Promise.resolve(present)
        : Promise.reject(notFound({ group: resource.group, plural: resource.plural }, name));
    },
  } as unknown as Transport;
}

function setUp(...objects: readonly unknown[]) {
  const cache = new MapReadCache();
  cache.put(...(objects as readonly AnyObject[]));
  const rbac = new RbacAuthorizer(cache);
  const mayCreate: Authorizer = {
    authorize: ({ name }, { verb }) => ({
      verdict: verb === "create" && name !== "eve" ? "allow" : "no-opinion",
      reason: "",
    }),
  };
  const plugins = admissionPlugins({
    cache,
    loopback: () => loopbackOf(cache),
    random: seededRandom(1),
    authorizer: authorizers([mayCreate, rbac]),
    rbac,
    findKind: resourceForKind,
    enable: ["StorageObjectInUseProtection", "OwnerReferencesPermissionEnforcement"],
  });
  return { cache, plugins };
}

const of = (resource: unknown, name: string, rest: object = {}, namespace = "default") => {
  const { apiVersion, kind, namespaced } = resource as Resource;
  const { metadata = {}, ...parts } = rest as { metadata?: object };
  return {
    apiVersion,
    kind,
    metadata: { name, uid: `uid-${name}`, ...(namespaced ? { namespace } : {}), ...metadata },
    ...parts,
  };
};

const container = (rest: object = {}) => ({ name: "c", image: "i", resources: {}, ...rest });
const pod = (spec: object = {}, metadata: object = {}) =>
  of(Pod, "p", {
    metadata,
    spec: { containers: [container()], securityContext: {}, ...spec },
    status: {},
  });

type Change = Partial<Omit<Admission, "resource" | "object" | "old">> & {
  readonly resource?: unknown;
  readonly object?: unknown;
  readonly old?: unknown;
};

/** All plugins on one write; the object as it comes out. */
async function run(plugins: readonly AdmissionPlugin[], change: Change) {
  const warnings: string[] = [];
  const resource = (change.resource ?? Pod) as Resource;
  let object = change.object as AnyObject | undefined;
  const admission = (): Admission => ({
    operation: "CREATE",
    subresource: "",
    namespace: resource.namespaced ? "default" : "",
    name: object?.metadata?.name ?? "",
    options: undefined,
    dryRun: false,
    user: ANN,
    warn: (text) => void warnings.push(text),
    annotate: () => undefined,
    ...(change as object),
    resource,
    object,
    old: change.old as AnyObject | undefined,
  });
  for (const plugin of plugins) {
    // oxlint-disable-next-line no-await-in-loop -- in order, as the server does
    if (plugin.admit && plugin.handles(admission())) object = (await plugin.admit(admission())) ?? object;
  }
  for (const plugin of plugins) {
    // oxlint-disable-next-line no-await-in-loop -- in order, as the server does
    if (plugin.validate && plugin.handles(admission())) await plugin.validate(admission());
  }
  return { object: object as unknown as Pod, warnings };
}

const BASICS = [of(Namespace, "default"), of(ServiceAccount, "default")] as const;

test("a plain pod gets what every pod needs", async () => {
  const { plugins } = setUp(...BASICS);
  const { object } = await run(plugins, { object: pod() });
  const { spec } = object;
  assert.equal(spec.serviceAccountName, "default");
  assert.equal(spec.priority, 0);
  assert.equal(spec.preemptionPolicy, "PreemptLowerPriority");
  assert.deepEqual(
    spec.tolerations?.map(({ key, effect, tolerationSeconds }) => [key, effect, tolerationSeconds]),
    [
      ["node.kubernetes.io/not-ready", "NoExecute", 300],
      ["node.kubernetes.io/unreachable", "NoExecute", 300],
    ],
  );
  const [volume] = spec.volumes ?? [];
  assert.match(volume?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
  assert.deepEqual(
    volume?.projected?.sources.map((source) => Object.keys(source)[0]),
    ["serviceAccountToken", "configMap", "downwardAPI"],
  );
  assert.deepEqual(spec.containers[0]?.volumeMounts, [
    { name: volume?.name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
  ]);
});

test("what a pod says itself stays", async () => {
  const { plugins } = setUp(
    ...BASICS,
    of(ServiceAccount, "quiet", { automountServiceAccountToken: false, imagePullSecrets: [{ name: "r" }] }),
    of(PriorityClass, "high", { value: 1000, preemptionPolicy: "Never" }),
  );
  const tolerations = [{ key: "node.kubernetes.io/not-ready", operator: "Exists", tolerationSeconds: 5 }];
  const sent = pod({ serviceAccountName: "quiet", priorityClassName: "high", tolerations });
  const { spec } = (await run(plugins, { object: sent })).object;
  assert.equal(spec.volumes, undefined);
  assert.deepEqual(spec.imagePullSecrets, [{ name: "r" }]);
  assert.equal(spec.priority, 1000);
  assert.equal(spec.preemptionPolicy, "Never");
  assert.equal(spec.tolerations?.length, 2);
});

test("refusals in the words of the API", async () => {
  const terminating = { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
  const kubelet: User = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
  const { plugins } = setUp(
    ...BASICS,
    of(Namespace, "going", terminating),
    of(Pod, "mine", {
      spec: {
        nodeName: "n1",
        volumes: [{ name: "own", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
      },
    }),
    of(Pod, "theirs", { spec: { nodeName: "n2" } }),
    of(PersistentVolumeClaim, "data", { spec: {}, status: {} }),
    of(PriorityClass, "standard", { value: 1, globalDefault: true }),
  );
  const token = (reference: object): Change => ({
    operation: "CREATE",
    resource: ServiceAccount,
    subresource: "token",
    name: "default",
    user: kubelet,
    object: { spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", ...reference } } },
  });
  const node = (labels: object) => of(Node, "n1", { metadata: { labels }, spec: {} });
  const cases: readonly [Change, string | RegExp][] = [
    [{ object: pod(), namespace: "nope" }, 'namespaces "nope" not found'],
    [
      { object: pod(), namespace: "going" },
      'pods "p" is forbidden: unable to create new content in namespace going because it is being terminated',
    ],
    [
      { resource: Namespace, operation: "DELETE", name: "kube-system" },
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    ],
    [
      { object: pod({ serviceAccountName: "x" }) },
      'pods "p" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    ],
    [
      { object: pod({ priorityClassName: "x" }) },
      'pods "p" is forbidden: no PriorityClass with name x was found',
    ],
    [
      { object: pod({ priority: 7 }) },
      /the integer value of priority \(7\) must not be provided in pod spec/,
    ],
    [
      { resource: PriorityClass, object: of(PriorityClass, "other", { value: 2, globalDefault: true }) },
      /PriorityClass standard is already marked as default/,
    ],
    [
      { object: pod({ nodeName: "n1" }), user: kubelet },
      'pods "p" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      { operation: "DELETE", name: "theirs", user: kubelet },
      'pods "theirs" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    ],
    [
      { resource: Node, object: of(Node, "n2"), user: kubelet },
      'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    ],
    [
      { resource: Node, object: node({ "node-restriction.kubernetes.io/a": "b" }), user: kubelet },
      'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a',
    ],
    [
      {
        resource: Node,
        operation: "UPDATE",
        old: node({}),
        object: { ...node({}), spec: { taints: [{ key: "k", effect: "NoSchedule" }] } },
        user: kubelet,
      },
      'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
    ],
    [token({ kind: "Secret", name: "s", uid: "u" }), /node requested token not bound to a pod/],
    [token({ name: "theirs", uid: "uid-theirs" }), /bound to a pod scheduled on a different node/],
    [
      {
        resource: PersistentVolumeClaim,
        operation: "UPDATE",
        old: of(PersistentVolumeClaim, "data", {
          spec: { resources: { requests: { storage: "1Gi" } } },
          status: {},
        }),
        object: of(PersistentVolumeClaim, "data", {
          spec: { resources: { requests: { storage: "2Gi" } } },
        }),
      },
      /Only bound persistent volume claims can be expanded/,
    ],
    [
      { object: pod(), user: { name: "eve", groups: [] } },
      'pods "p" is forbidden: User "eve" cannot create resource "pods" in API group "" in the namespace "default"',
    ],
    [{ object: pod({ runtimeClassName: "x" }) }, /pod rejected: RuntimeClass "x" not found/],
  ];
  for (const [change, message] of cases) {
    const expected = typeof message === "string" ? { message } : message;
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(run(plugins, change), expected);
  }
  await run(plugins, token({ name: "mine", uid: "uid-mine" }));
  await run(plugins, { operation: "DELETE", name: "mine", user: kubelet });
});

test("nodes, claims, runtime classes", async () => {
  const { plugins } = setUp(
    ...BASICS,
    of(StorageClass, "old", {
      metadata: {
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
        creationTimestamp: "2026-01-01T00:00:00Z",
      },
    }),
    of(StorageClass, "new", {
      metadata: {
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
        creationTimestamp: "2026-01-02T00:00:00Z",
      },
    }),
    of(RuntimeClass, "vm", {
      handler: "h",
      overhead: { podFixed: { memory: "64Mi" } },
      scheduling: { nodeSelector: { vm: "yes" } },
    }),
  );
  const node = (await run(plugins, { resource: Node, object: of(Node, "n", { spec: {} }) })).object;
  assert.deepEqual((node as unknown as Node).spec?.taints, [
    { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
  ]);
  const claim = (
    await run(plugins, {
      resource: PersistentVolumeClaim,
      object: of(PersistentVolumeClaim, "d", { spec: { resources: {} } }),
    })
  ).object as unknown as PersistentVolumeClaim;
  assert.equal(claim.spec.storageClassName, "new");
  assert.deepEqual(claim.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  const { spec } = (await run(plugins, { object: pod({ runtimeClassName: "vm" }) })).object;
  assert.deepEqual(spec.overhead, { memory: "64Mi" });
  assert.deepEqual(spec.nodeSelector, { vm: "yes" });
});

test("limit ranges give defaults and hold bounds", async () => {
  const range = of(LimitRange, "bounds", {
    spec: {
      limits: [
        {
          type: "Container",
          default: { cpu: "500m", memory: "512Mi" },
          defaultRequest: { cpu: "100m" },
          max: { memory: "1Gi" },
        },
        { type: "Pod", max: { cpu: "1" } },
      ],
    },
  });
  const { plugins } = setUp(...BASICS, range);
  const { object } = await run(plugins, { object: pod() });
  assert.deepEqual(object.spec.containers[0]?.resources, {
    limits: { memory: "512Mi", cpu: "500m" },
    requests: { memory: "512Mi", cpu: "100m" },
  });
  assert.equal(
    object.metadata.annotations?.["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c",
  );
  const wants = (limits: object) =>
    pod({ containers: [container({ resources: { limits, requests: limits } })] });
  await assert.rejects(run(plugins, { object: wants({ memory: "2Gi" }) }), {
    message: 'pods "p" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
  });
  await assert.rejects(
    run(plugins, { object: wants({ cpu: "2" }) }),
    /maximum cpu usage per Pod is 1, but limit is 2/,
  );
});

test("quotas count what is created, and say why not", async () => {
  const hard = { pods: "2", "requests.cpu": "1", "count/serviceaccounts": "0" };
  const quota = of(ResourceQuota, "small", {
    spec: { hard },
    status: { hard, used: { pods: "0", "requests.cpu": "0", "count/serviceaccounts": "0" } },
  });
  const { plugins, cache } = setUp(...BASICS, quota);
  const asking = (cpu: string) => pod({ containers: [container({ resources: { requests: { cpu } } })] });
  await assert.rejects(run(plugins, { object: pod() }), {
    message: 'pods "p" is forbidden: failed quota: small: must specify requests.cpu for: c',
  });
  // At the same time: both want in, and the second sees what the first has taken.
  const both = await Promise.allSettled([
    run(plugins, { object: asking("600m") }),
    run(plugins, { object: asking("600m") }),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  const used = () => cache.get(ResourceQuota, "default", "small")?.status?.used;
  assert.deepEqual(used(), { pods: "1", "requests.cpu": "600m", "count/serviceaccounts": "0" });
  await assert.rejects(run(plugins, { object: asking("500m") }), {
    message:
      'pods "p" is forbidden: exceeded quota: small, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
  });
  await run(plugins, { object: asking("400m"), dryRun: true });
  assert.equal(used()?.pods, "1");
  const grow = (from: string, to: string) =>
    run(plugins, { operation: "UPDATE", subresource: "resize", old: asking(from), object: asking(to) });
  await assert.rejects(grow("600m", "2"), /exceeded quota: small, requested: requests.cpu=1400m/);
  await grow("600m", "900m");
  assert.equal(used()?.["requests.cpu"], "900m");
  await grow("900m", "600m");
  await assert.rejects(
    run(plugins, { resource: ServiceAccount, object: of(ServiceAccount, "s") }),
    /exceeded quota: small, requested: count\/serviceaccounts=1, used: count\/serviceaccounts=0, limited/,
  );
});

test("pod security by the labels of the namespace", async () => {
  const label = (mode: string, level: string) => ({ [`pod-security.kubernetes.io/${mode}`]: level });
  const namespace = (labels: object) => of(Namespace, "default", { metadata: { labels } });
  const good = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      container({
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      }),
    ],
  };
  const cases: readonly [object, object, string | undefined][] = [
    [label("enforce", "restricted"), good, undefined],
    [label("enforce", "baseline"), {}, undefined],
    [{}, { hostNetwork: true }, undefined],
    [
      label("enforce", "baseline"),
      { hostNetwork: true, containers: [container({ securityContext: { privileged: true } })] },
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true), privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      label("enforce", "restricted"),
      {},
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [
      label("enforce", "baseline"),
      { volumes: [{ name: "v", hostPath: { path: "/" } }] },
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "v")',
    ],
  ];
  for (const [labels, spec, message] of cases) {
    const { plugins } = setUp(...BASICS, namespace(labels));
    const outcome = run(plugins, { object: pod(spec) });
    // oxlint-disable-next-line no-await-in-loop -- a table
    if (message !== undefined) await assert.rejects(outcome, { message });
    // oxlint-disable-next-line no-await-in-loop -- a table
    else await outcome;
  }
  const { plugins } = setUp(...BASICS, namespace(label("warn", "baseline")));
  const { warnings } = await run(plugins, { object: pod({ hostPID: true }) });
  assert.deepEqual(warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
});

test("nobody gives away rights that they do not have", async () => {
  const { plugins, cache } = setUp(
    ...BASICS,
    of(ClusterRole, "own", {
      rules: [
        { verbs: ["get"], apiGroups: [""], resources: ["pods"] },
        {
          verbs: ["bind"],
          apiGroups: ["rbac.authorization.k8s.io"],
          resources: ["clusterroles"],
          resourceNames: ["x"],
        },
      ],
    }),
    of(ClusterRole, "x", { rules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }] }),
    of(ClusterRole, "y", { rules: [{ verbs: ["delete"], apiGroups: [""], resources: ["nodes"] }] }),
    of(ClusterRoleBinding, "own", {
      roleRef: { kind: "ClusterRole", name: "own" },
      subjects: [{ kind: "User", name: "ann" }],
    }),
  );
  const role = (verbs: readonly string[]) => ({
    resource: ClusterRole,
    object: of(ClusterRole, "r", { rules: [{ verbs, apiGroups: [""], resources: ["pods"] }] }),
  });
  const binding = (name: string) => ({
    resource: ClusterRoleBinding,
    object: of(ClusterRoleBinding, "b", { roleRef: { kind: "ClusterRole", name }, subjects: [] }),
  });
  await run(plugins, role(["get"]));
  await assert.rejects(run(plugins, role(["get", "delete"])), {
    message:
      'clusterroles.rbac.authorization.k8s.io "r" is forbidden: user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
  });
  await run(plugins, binding("x"));
  await assert.rejects(
    run(plugins, binding("y")),
    /is attempting to grant RBAC permissions not currently held/,
  );
  await assert.rejects(run(plugins, binding("z")), /clusterroles.rbac.authorization.k8s.io "z" not found/);
  const root: User = { name: "root", groups: ["system:masters"] };
  await run(plugins, { ...role(["*"]), user: root });
  assert.ok(cache.get(ClusterRole, undefined, "own"));
});

test("unknown plugin names are said", () => {
  const cache = new MapReadCache();
  const rbac = new RbacAuthorizer(cache);
  const options = {
    cache,
    loopback: () => loopbackOf(cache),
    random: seededRandom(1),
    authorizer: rbac,
    rbac,
    findKind: resourceForKind,
  };
  assert.throws(() => admissionPlugins({ ...options, disable: ["Nope"] }), /unknown admission plugin "Nope"/);
  const names = admissionPlugins({ ...options, disable: ["PodSecurity"] }).map(({ name }) => name);
  assert.ok(!names.includes("PodSecurity"));
  assert.equal(names.at(-1), "ResourceQuota");
});
