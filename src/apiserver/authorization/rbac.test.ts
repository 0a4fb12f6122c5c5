import assert from "node:assert/strict";
import { test } from "node:test";
import type { SelfSubjectAccessReview } from "#api/authorization-v1/selfsubjectaccessreview";
import type { SubjectAccessReview } from "#api/authorization-v1/subjectaccessreview";
import type { AnyObject } from "#machinery/schema";
import type { RequestInfo, User } from "../contracts.ts";
import { MapReadCache } from "../map-read-cache.ts";
import { requestInfoOf } from "../request/request-info.ts";
import { authorizers } from "./authorizer.ts";
import { planPolicy } from "./bootstrap.ts";
import { uncoveredRules } from "./escalation.ts";
import { NodeAuthorizer } from "./node.ts";
import { bootstrapPolicy } from "./policy/bootstrap-policy.ts";
import { RbacAuthorizer } from "./rbac.ts";
import { userRules } from "./user-rules.ts";
import { AccessReviews } from "./access-review.ts";

/** The objects of the bootstrap policy, as if they were stored. */
function bootstrapped(): MapReadCache {
  const cache = new MapReadCache();
  for (const { body } of planPolicy(cache)) cache.put(body as unknown as AnyObject);
  return cache;
}

const user = (name: string, ...groups: string[]): User => ({ name, groups });
const ask = (method: string, url: string): RequestInfo => {
  const [path = "", search = ""] = url.split("?");
  return requestInfoOf(method, path, search);
};

const binding = (namespace: string | undefined, name: string, roleRef: unknown, subject: unknown) =>
  ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: namespace === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef,
    subjects: [subject],
  }) as unknown as AnyObject;

test("the bootstrap policy says who may do what", () => {
  const rbac = new RbacAuthorizer(bootstrapped());
  const anonymous = user("system:anonymous", "system:unauthenticated");
  const anybody = user("ann", "system:authenticated");
  const manager = user("system:kube-controller-manager", "system:authenticated");
  const scheduler = user("system:kube-scheduler", "system:authenticated");
  const replicaSets = user(
    "system:serviceaccount:kube-system:replicaset-controller",
    "system:serviceaccounts",
    "system:authenticated",
  );
  const cases: readonly [User, string, string, boolean][] = [
    [anonymous, "GET", "/version", true],
    [anonymous, "GET", "/readyz", true],
    [anonymous, "GET", "/api", false],
    [anonymous, "GET", "/metrics", false],
    [anonymous, "GET", "/api/v1/pods", false],
    [anybody, "GET", "/apis/apps/v1", true],
    [anybody, "GET", "/openapi/v3/apis/apps/v1", true],
    [anybody, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", true],
    [anybody, "GET", "/api/v1/namespaces/default/secrets/a", false],
    [manager, "GET", "/apis/apps/v1/deployments", true],
    [manager, "GET", "/api/v1/namespaces/default/pods/p", false],
    [
      manager,
      "PUT",
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager",
      true,
    ],
    [manager, "PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/kube-scheduler", false],
    [scheduler, "POST", "/api/v1/namespaces/default/pods/p/binding", true],
    [scheduler, "POST", "/api/v1/namespaces/default/pods", false],
    [replicaSets, "POST", "/api/v1/namespaces/default/pods", true],
    [replicaSets, "PUT", "/apis/apps/v1/namespaces/default/replicasets/a/status", true],
    [replicaSets, "DELETE", "/apis/apps/v1/namespaces/default/replicasets/a", false],
  ];
  for (const [who, method, path, allowed] of cases) {
    const { verdict } = rbac.authorize(who, ask(method, path));
    assert.equal(verdict, allowed ? "allow" : "no-opinion", `${who.name} ${method} ${path}`);
    assert.equal(rbac.authorize(who, ask(method, path)).verdict, verdict, "the same answer from memory");
  }
});

test("a binding works at once, in its namespace only, and ends with it", () => {
  const cache = bootstrapped();
  const rbac = new RbacAuthorizer(cache);
  const ann = user("ann", "system:authenticated");
  const inDefault = ask("POST", "/apis/apps/v1/namespaces/default/deployments");
  const elsewhere = ask("POST", "/apis/apps/v1/namespaces/other/deployments");
  const everywhere = ask("GET", "/apis/apps/v1/deployments");
  assert.equal(rbac.authorize(ann, inDefault).verdict, "no-opinion");
  const given = binding(
    "default",
    "ann",
    { kind: "ClusterRole", name: "edit" },
    { kind: "User", name: "ann" },
  );
  cache.put(given);
  assert.deepEqual(rbac.authorize(ann, inDefault), {
    verdict: "allow",
    reason: 'RBAC: allowed by RoleBinding "ann/default" of ClusterRole "edit" to User "ann"',
  });
  assert.equal(rbac.authorize(ann, elsewhere).verdict, "no-opinion");
  assert.equal(rbac.authorize(ann, everywhere).verdict, "no-opinion");
  cache.remove(given);
  assert.equal(rbac.authorize(ann, inDefault).verdict, "no-opinion");
});

test("names, subresources and patterns", () => {
  const cache = new MapReadCache();
  cache.put({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "r" },
    rules: [
      { verbs: ["get"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["one", "two"] },
      { verbs: ["update"], apiGroups: ["*"], resources: ["*/scale"] },
      { verbs: ["create"], apiGroups: [""], resources: ["pods/exec"] },
      { verbs: ["get"], nonResourceURLs: ["/logs/*"] },
    ],
  } as unknown as AnyObject);
  cache.put(binding(undefined, "b", { kind: "ClusterRole", name: "r" }, { kind: "Group", name: "g" }));
  cache.put(binding(undefined, "c", { kind: "ClusterRole", name: "gone" }, { kind: "Group", name: "h" }));
  const rbac = new RbacAuthorizer(cache);
  const member = user("m", "g");
  const cases: readonly [string, string, boolean][] = [
    ["GET", "/api/v1/namespaces/a/configmaps/one", true],
    ["GET", "/api/v1/namespaces/a/configmaps/two", true],
    ["GET", "/api/v1/namespaces/a/configmaps/three", false],
    ["GET", "/api/v1/namespaces/a/configmaps", false],
    ["PUT", "/apis/apps/v1/namespaces/a/deployments/d/scale", true],
    ["PUT", "/apis/apps/v1/namespaces/a/deployments/d", false],
    ["POST", "/api/v1/namespaces/a/pods/p/exec", true],
    ["POST", "/api/v1/namespaces/a/pods", false],
    ["GET", "/logs/x/y", true],
    ["GET", "/logs", false],
  ];
  for (const [method, path, allowed] of cases) {
    assert.equal(rbac.authorize(member, ask(method, path)).verdict === "allow", allowed, `${method} ${path}`);
  }
  assert.equal(
    rbac.authorize(user("n", "h"), ask("GET", "/api/v1/pods")).reason,
    'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
  );
});

test("a node reaches what its pods use, and nothing else", async () => {
  const cache = new MapReadCache();
  cache.put({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "1" },
    spec: {
      nodeName: "a",
      serviceAccountName: "runner",
      containers: [{ name: "c", envFrom: [{ configMapRef: { name: "settings" } }] }],
      volumes: [
        { name: "s", secret: { secretName: "password" } },
        { name: "d", persistentVolumeClaim: { claimName: "data" } },
      ],
    },
  } as unknown as AnyObject);
  const nodes = new NodeAuthorizer(cache);
  const nodeA = user("system:node:a", "system:nodes");
  const nodeB = user("system:node:b", "system:nodes");
  const nobody = user("system:node:", "system:nodes");
  const cases: readonly [User, string, string, boolean][] = [
    [nodeA, "GET", "/api/v1/namespaces/default/secrets/password", true],
    [nodeA, "GET", "/api/v1/namespaces/default/secrets?fieldSelector=metadata.name=password&watch=1", true],
    [nodeB, "GET", "/api/v1/namespaces/default/secrets/password", false],
    [nodeA, "GET", "/api/v1/namespaces/other/secrets/password", false],
    [nodeA, "GET", "/api/v1/secrets", false],
    [nodeA, "PUT", "/api/v1/namespaces/default/secrets/password", false],
    [nodeA, "GET", "/api/v1/namespaces/default/configmaps/settings", true],
    [nodeA, "GET", "/api/v1/namespaces/default/configmaps/other", false],
    [nodeA, "GET", "/api/v1/namespaces/default/persistentvolumeclaims/data", true],
    [nodeA, "POST", "/api/v1/namespaces/default/serviceaccounts/runner/token", true],
    [nodeB, "POST", "/api/v1/namespaces/default/serviceaccounts/runner/token", false],
    [nodeA, "GET", "/api/v1/pods?fieldSelector=spec.nodeName=a&watch=true", true],
    [nodeA, "GET", "/api/v1/pods?fieldSelector=spec.nodeName=b", false],
    [nodeA, "GET", "/api/v1/pods?fieldSelector=status.phase!=Failed,spec.nodeName==a", true],
    [nodeA, "GET", "/api/v1/pods?fieldSelector=metadata.name!=x\\,spec.nodeName=a", false],
    [nodeA, "GET", "/api/v1/pods?fieldSelector=spec.nodeName=a,", true],
    [nodeA, "GET", "/api/v1/pods?fieldSelector=spec.nodeName!=a", false],
    [nobody, "GET", "/api/v1/nodes", false],
    [nobody, "GET", "/api/v1/pods?fieldSelector=spec.nodeName=", false],
    [nodeA, "GET", "/api/v1/pods", false],
    [nodeA, "GET", "/api/v1/namespaces/default/pods/p", true],
    [nodeB, "GET", "/api/v1/namespaces/default/pods/p", false],
    [nodeA, "PATCH", "/api/v1/namespaces/default/pods/p/status", true],
    [nodeA, "POST", "/api/v1/nodes", true],
    [nodeA, "PATCH", "/api/v1/nodes/a/status", true],
    [nodeA, "PATCH", "/api/v1/nodes/b/status", false],
    [nodeA, "GET", "/api/v1/nodes/b", false],
    [nodeA, "GET", "/api/v1/services?watch=1", true],
    [nodeA, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a", true],
    [nodeA, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/b", false],
    [nodeA, "PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/a", false],
    [nodeA, "DELETE", "/apis/apps/v1/namespaces/default/deployments/d", false],
  ];
  const all = authorizers([nodes, new RbacAuthorizer(cache)]);
  for (const [who, method, path, allowed] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    const { verdict } = await all.authorize(who, ask(method, path));
    assert.equal(verdict === "allow", allowed, `${who.name} ${method} ${path}`);
  }
  cache.remove(cache.get({ apiVersion: "v1", kind: "Pod" } as never, "default", "p")!);
  const after = nodes.authorize(nodeA, ask("GET", "/api/v1/namespaces/default/secrets/password"));
  assert.equal(after.verdict, "no-opinion");
});

test("masters may do everything", () => {
  const all = authorizers([]);
  const decision = all.authorize(user("root", "system:masters"), ask("DELETE", "/api/v1/nodes/a"));
  assert.deepEqual(decision, { verdict: "allow", reason: "" });
});

test("rules that are not covered", () => {
  const owned = [
    { verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] },
    { verbs: ["*"], apiGroups: ["apps"], resources: ["*"] },
  ];
  const covered = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["a"] }];
  assert.deepEqual(uncoveredRules(owned, covered), []);
  const wanted = [{ verbs: ["get", "delete", "watch"], apiGroups: ["", "apps"], resources: ["pods"] }];
  assert.deepEqual(uncoveredRules(owned, wanted), [
    { verbs: ["delete", "watch"], apiGroups: [""], resources: ["pods"] },
  ]);
});

test("aggregated roles start complete; a second start changes nothing; missing rules come back", () => {
  const cache = bootstrapped();
  const changes = planPolicy(cache);
  assert.deepEqual(changes, []);
  const role = (name: string) =>
    cache.get(
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" } as never,
      undefined,
      name,
    ) as (AnyObject & { rules: { resources?: string[] }[] }) | undefined;
  const admin = role("admin")!;
  assert.ok(admin.rules.some(({ resources }) => resources?.includes("rolebindings")));
  assert.ok(admin.rules.some(({ resources }) => resources?.includes("pods/log")));
  const dns = role("system:kube-dns")!;
  cache.put({
    ...dns,
    rules: [{ verbs: ["list"], apiGroups: [""], resources: ["services", "mine"] }],
  } as never);
  const [change, ...others] = planPolicy(cache);
  assert.equal(others.length, 0);
  assert.equal(change?.verb, "update");
  assert.ok(change.body.rules?.some(({ resources }) => resources?.includes("mine")));
});

test("every binding of the policy names a role of the policy", () => {
  const names = new Set(
    [...bootstrapPolicy.clusterRoles, ...bootstrapPolicy.roles].map(
      ({ kind, metadata }) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`,
    ),
  );
  for (const { metadata, roleRef } of [
    ...bootstrapPolicy.clusterRoleBindings,
    ...bootstrapPolicy.roleBindings,
  ]) {
    const namespace = roleRef?.kind === "Role" ? metadata.namespace : "";
    assert.ok(names.has(`${roleRef?.kind}/${namespace}/${roleRef?.name}`), metadata.name);
  }
});

test("access reviews", async () => {
  const cache = bootstrapped();
  const rbac = new RbacAuthorizer(cache);
  const reviews = new AccessReviews(
    authorizers([rbac]),
    userRules(() => ["RBAC"], rbac),
  );
  const spec = { resourceAttributes: { verb: "list", resource: "pods", namespace: "default" } };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    metadata: {},
    spec,
  };
  const ann = user("ann", "system:authenticated");
  assert.deepEqual((await reviews.selfAccess(review as never, ann)).status, { allowed: false });
  cache.put(binding("default", "ann", { kind: "ClusterRole", name: "view" }, { kind: "User", name: "ann" }));
  assert.equal((await reviews.selfAccess(review as never, ann)).status.allowed, true);
  const asked = { ...review, kind: "SubjectAccessReview", spec: { ...spec, user: "bob" } };
  assert.equal((await reviews.subjectAccess(asked as unknown as SubjectAccessReview)).status.allowed, false);
  await assert.rejects(reviews.subjectAccess(review as never), /at least one of user or group/);
  const list = { ...review, kind: "SelfSubjectRulesReview", spec: { namespace: "default" } };
  const rules = reviews.selfRules(list as never, ann).status;
  assert.ok(rules.resourceRules.some(({ resources }) => resources?.includes("pods")));
  assert.ok(rules.nonResourceRules.some(({ nonResourceURLs }) => nonResourceURLs?.includes("/version")));
  assert.equal(rules.incomplete, false);
});

test("a rule that stands for a billion rights is refused, not counted", () => {
  const many = Array.from({ length: 1000 }, (_, index) => `x${index}`);
  assert.throws(() => uncoveredRules([], [{ verbs: many, apiGroups: many, resources: many }]), {
    message: /more than 20000 combinations/,
  });
});

test("what was answered about a path is no answer about a resource", async () => {
  const cache = new MapReadCache();
  cache.put({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "paths" },
    rules: [{ verbs: ["get"], nonResourceURLs: ["*"] }],
  } as unknown as AnyObject);
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "paths" };
  cache.put(binding(undefined, "paths", roleRef, { kind: "User", name: "ann" }));
  const ann = user("ann");
  const rbac = new RbacAuthorizer(cache);
  const reviews = new AccessReviews(
    rbac,
    userRules(() => ["RBAC"], rbac),
  );
  const asked = {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: { nonResourceAttributes: { verb: "get", path: "default||secrets|" } },
  } as unknown as SelfSubjectAccessReview;
  assert.equal((await reviews.selfAccess(asked, ann)).status?.allowed, true);
  const secret = ask("GET", "/api/v1/namespaces/default/secrets/a");
  assert.equal(rbac.authorize(ann, secret).verdict, "no-opinion");
});

test("the secrets of a volume are for the nodes that run whom it is bound to", () => {
  const cache = new MapReadCache();
  const pod = (namespace: string, nodeName: string, more: object, annotations: object = {}) =>
    cache.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "data", namespace, uid: `${namespace}-${nodeName}`, annotations },
      spec: { nodeName, containers: [{ name: "c" }], volumes: [{ name: "web-0", ...more }] },
    } as unknown as AnyObject);
  const claimed = { persistentVolumeClaim: { claimName: "data-web-0" } };
  for (const namespace of ["owner", "other"])
    cache.put({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data-web-0", namespace },
      spec: { volumeName: "v" },
    } as unknown as AnyObject);
  cache.put({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "v" },
    spec: {
      claimRef: { namespace: "owner", name: "data-web-0" },
      csi: { nodePublishSecretRef: { namespace: "storage", name: "password" } },
    },
  } as unknown as AnyObject);
  // Whoever asks for a volume that is another's does not get it.
  pod("other", "b", claimed);
  // A node says itself what its mirror pods are.
  pod("owner", "c", { ephemeral: {} }, { "kubernetes.io/config.mirror": "x" });
  const secret = ask("GET", "/api/v1/namespaces/storage/secrets/password");
  const verdicts = (names: readonly string[]) => {
    const nodes = new NodeAuthorizer(cache);
    return names.map((name) => nodes.authorize(user(`system:node:${name}`, "system:nodes"), secret).verdict);
  };
  assert.deepEqual(verdicts(["b", "c"]), ["no-opinion", "no-opinion"]);
  pod("owner", "a", claimed);
  assert.deepEqual(verdicts(["a"]), ["allow"]);
});
