/** Budgets, roles, tokens, certificates and the rest, against the API server itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { Event } from "#api/core-v1/event";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ReplicationController } from "#api/core-v1/replicationcontroller";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { inScope, usageOf } from "#apiserver/admission/quota/usage";
import { clusterRoleAggregation } from "./clusterrole-aggregation/clusterrole-aggregation.ts";
import { certificateRequests } from "./csr/csr.ts";
import { disruptionBudgets } from "./disruption/disruption.ts";
import { runPods, start, template } from "./harness.test.ts";
import { replicationControllers } from "./replicationcontroller/replicationcontroller.ts";
import { resourceQuotas } from "./resource-quota/resource-quota.ts";
import { tokenSecrets } from "./token-secrets/token-secrets.ts";
import { claimBinding, volumePhases } from "./volume-binding/volume-binding.ts";
import { claimProtection, volumeProtection } from "./volume-protection/volume-protection.ts";

const metadata = { name: "a", namespace: "web" };

test("a ReplicationController keeps its pods, a budget counts them, and events tell of them", async (context) => {
  const house = await start(context, replicationControllers, disruptionBudgets);
  const { client, until, informers, pods } = house;
  runPods(house);
  const spec = { replicas: 3, selector: { app: "a" }, template: template("one") };
  await client.create(ReplicationController, { metadata, spec } as never);
  await client.create(PodDisruptionBudget, {
    metadata,
    spec: { minAvailable: "50%", selector: { matchLabels: { app: "a" } } },
  });
  await until("ready", () => informers.of(ReplicationController).get("web", "a")?.status.readyReplicas === 3);
  const budget = () => informers.of(PodDisruptionBudget).get("web", "a")?.status;
  await until("allowed", () => budget()?.disruptionsAllowed === 1);
  assert.deepEqual([budget()?.expectedPods, budget()?.desiredHealthy, budget()?.currentHealthy], [3, 2, 3]);
  assert.equal(budget()?.conditions?.[0]?.reason, "SufficientPods");
  const [pod] = [...pods.list("web")];
  await client.delete(Pod, pod!.metadata, { gracePeriodSeconds: 0 });
  await until("replaced", () => pods.size === 3 && !pods.get("web", pod!.metadata.name));
  const events = informers.of(Event);
  await until("events", () => events.size === 4);
  const [event] = [...events.list("web")];
  assert.deepEqual(
    [event?.reason, event?.involvedObject.kind, event?.source.component],
    ["SuccessfulCreate", "ReplicationController", "replication-controller"],
  );
});

test("an aggregated role follows the roles that it chooses", async (context) => {
  const { client, until, informers } = await start(context, clusterRoleAggregation);
  const rule = (resource: string) => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });
  const labels = { "to-sum": "true" };
  await client.create(ClusterRole, {
    metadata: { name: "sum" },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] },
  });
  await client.create(ClusterRole, { metadata: { name: "b", labels }, rules: [rule("pods")] });
  await client.create(ClusterRole, { metadata: { name: "a", labels }, rules: [rule("nodes")] });
  const sum = () =>
    informers
      .of(ClusterRole)
      .get(undefined, "sum")
      ?.rules?.flatMap(({ resources }) => resources)
      .join();
  await until("both", () => sum() === "nodes,pods");
  await client.delete(ClusterRole, { name: "a" });
  await until("one", () => sum() === "pods");
});

test("a token Secret is filled, and goes with its account", async (context) => {
  const sign = async ({ name }: { readonly name: string }) => `token of ${name}`;
  const { client, until, informers } = await start(context, tokenSecrets({ caBundle: "PEM", sign }));
  await client.create(ServiceAccount, { metadata });
  const type = "kubernetes.io/service-account-token";
  const annotations = { "kubernetes.io/service-account.name": "a" };
  await client.create(Secret, { metadata: { ...metadata, annotations }, type });
  const secret = () => informers.of(Secret).get("web", "a");
  const text = (key: string) => Buffer.from(secret()?.data?.[key] ?? "", "base64").toString();
  await until("filled", () => text("token") === "token of a");
  assert.deepEqual([text("ca.crt"), text("namespace")], ["PEM", "web"]);
  await client.delete(ServiceAccount, metadata);
  await until("gone", () => secret() === undefined);
});

test("a request that was approved is signed, a bad one is refused, and both go after a while", async (context) => {
  const house = await start(
    context,
    certificateRequests({
      read: async () => ({
        commonName: "system:node:n",
        organizations: ["system:nodes"],
        dns: [],
        addresses: [],
      }),
      signs: (name) => name === "kubernetes.io/kube-apiserver-client",
      sign: async ({ metadata: { name } }) =>
        name === "good" ? { type: "signed", certificate: CERTIFICATE } : { type: "refused", why: "no" },
      approveServing: false,
    }),
  );
  const { client, until, informers, clock } = house;
  const csrs = informers.of(CertificateSigningRequest);
  for (const name of ["good", "bad"]) {
    const spec = {
      request: btoa(REQUEST),
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: ["client auth"],
    };
    const csr = await client.create(CertificateSigningRequest, { metadata: { name }, spec } as never);
    const condition = {
      type: "Approved",
      status: "True",
      reason: "x",
      message: "",
      lastUpdateTime: "2026-01-01T00:00:00Z",
    };
    const approved = { ...csr, status: { conditions: [condition] } };
    await client.updateSubresource(CertificateSigningRequest, approved as never, "approval");
  }
  await until("signed", () => csrs.get(undefined, "good")?.status?.certificate === btoa(CERTIFICATE));
  await until(
    "refused",
    () => csrs.get(undefined, "bad")?.status?.conditions?.some(({ type }) => type === "Failed") ?? false,
  );
  await house.settled();
  await clock.advance(3_700_000);
  await until("gone", () => csrs.size === 0);
});

test("a claim gets the smallest volume that will do, and neither goes while it is used", async (context) => {
  const house = await start(context, claimBinding, volumePhases, claimProtection, volumeProtection);
  const { client, until, informers, pods } = house;
  const spec = { accessModes: ["ReadWriteOnce"], storageClassName: "", hostPath: { path: "/data" } };
  for (const [name, storage] of [
    ["small", "1Gi"],
    ["large", "9Gi"],
    ["right", "5Gi"],
  ] as const) {
    await client.create(PersistentVolume, {
      metadata: { name },
      spec: { ...spec, capacity: { storage } },
    } as never);
  }
  const resources = { requests: { storage: "2Gi" } };
  const claimSpec = { accessModes: ["ReadWriteOnce"], storageClassName: "", resources };
  await client.create(PersistentVolumeClaim, { metadata, spec: claimSpec } as never);
  const claim = () => informers.of(PersistentVolumeClaim).get("web", "a");
  const phase = (name: string) => informers.of(PersistentVolume).get(undefined, name)?.status.phase;
  await until("bound", () => claim()?.status.phase === "Bound" && phase("right") === "Bound");
  assert.deepEqual([claim()?.spec.volumeName, claim()?.status.capacity?.storage], ["right", "5Gi"]);
  await until("others free", () => phase("small") === "Available" && phase("large") === "Available");

  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "a" } }];
  await client.create(Pod, { metadata, spec: { ...template("one").spec, volumes } } as never);
  await until("pod", () => pods.size === 1);
  await until(
    "protected",
    () => claim()?.metadata.finalizers?.includes("kubernetes.io/pvc-protection") ?? false,
  );
  await client.delete(PersistentVolumeClaim, metadata);
  await house.settled();
  assert.ok(claim());
  await client.delete(Pod, metadata, { gracePeriodSeconds: 0 });
  await until("claim gone", () => claim() === undefined);
  await until("left behind", () => phase("right") === "Released");
});

test("a quota says how much of it is used", async (context) => {
  const { client, until, informers } = await start(context, resourceQuotas({ usageOf, inScope }));
  const hard = {
    pods: "10",
    "requests.cpu": "2",
    "count/configmaps": "5",
    "count/poddisruptionbudgets.policy": "3",
  };
  await client.create(ResourceQuota, { metadata, spec: { hard } });
  const [container] = template("one").spec.containers;
  const containers = [{ ...container, resources: { requests: { cpu: "250m" } } }];
  for (const name of ["one", "two"])
    await client.create(Pod, { metadata: { ...metadata, name }, spec: { containers } } as never);
  const used = () => informers.of(ResourceQuota).get("web", "a")?.status?.used ?? {};
  await until("counted", () => used().pods === "2" && used()["requests.cpu"] === "500m");
  await client.delete(Pod, { namespace: "web", name: "one" }, { gracePeriodSeconds: 0 });
  await until("given back", () => used().pods === "1" && used()["requests.cpu"] === "250m");
  await client.create(PodDisruptionBudget, { metadata, spec: { maxUnavailable: 1 } });
  await until("a kind that is only counted", () => used()["count/poddisruptionbudgets.policy"] === "1");
  await client.delete(PodDisruptionBudget, metadata);
  await until("its end", () => used()["count/poddisruptionbudgets.policy"] === "0");
});

const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIHPMHcCAQAwFTETMBEGA1UEAwwKc3lzdGVtOm5vZGUwWTATBgcqhkjOPQIBBggq
-----END CERTIFICATE REQUEST-----
`;
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
