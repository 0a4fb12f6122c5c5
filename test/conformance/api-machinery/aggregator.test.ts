import assert from "node:assert/strict";
import {
  ApiregistrationV1Api,
  CoreV1Api,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1APIResourceList,
  type V1APIService,
} from "@kubernetes/client-node";
import { startExtensionServer } from "#testing/extension-server/extension-server";
import { eventually } from "../../tools/eventually.ts";
import type { Custom } from "../custom-kind.ts";
import { addressHere, certificateFor, serviceFromHere } from "../service-from-here.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const GROUP = "wardle.example.com";
const VERSION = "v1alpha1";
const NAME = `${VERSION}.${GROUP}`;
const SERVICE = "sample-api";
const SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices";

/** An account that may ask the cluster who somebody is and what they may; gives its token. */
async function makeDelegator({ api, namespace, defer, unique }: ConformanceContext): Promise<string> {
  const rbac = api(RbacAuthorizationV1Api);
  const name = unique("sample");
  await api(CoreV1Api).createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const roleRef = (kind: string, role: string) => ({
    apiGroup: "rbac.authorization.k8s.io",
    kind,
    name: role,
  });
  await rbac.createClusterRoleBinding({
    body: { metadata: { name }, subjects, roleRef: roleRef("ClusterRole", "system:auth-delegator") },
  });
  defer(() => rbac.deleteClusterRoleBinding({ name }));
  const place = { namespace: "kube-system" };
  const reader = roleRef("Role", "extension-apiserver-authentication-reader");
  await rbac.createNamespacedRoleBinding({
    ...place,
    body: { metadata: { name }, subjects, roleRef: reader },
  });
  defer(() => rbac.deleteNamespacedRoleBinding({ ...place, name }));
  const { status } = await api(CoreV1Api).createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: 3600 } },
  });
  return status!.token!;
}

/** An API server with a kind of its own behind a Service. */
async function startSample(context: ConformanceContext): Promise<{ caBundle: string }> {
  const { config, defer, namespace } = context;
  const token = await makeDelegator(context);
  const { server, caData, caFile } = config.getCurrentCluster()!;
  assert.equal(caFile, undefined);
  const { cert, key, ca } = certificateFor(`${SERVICE}.${namespace}.svc`);
  const sample = await startExtensionServer({
    cluster: { url: server, ca: Buffer.from(caData!, "base64").toString(), token },
    certificate: cert,
    key,
    host: await addressHere(context),
  });
  defer(() => sample.close());
  await serviceFromHere(context, SERVICE, 7443, sample.port);
  return { caBundle: Buffer.from(ca).toString("base64") };
}

const isAvailable = (status: string, service: V1APIService | undefined) =>
  service?.status?.conditions?.some((each) => each.type === "Available" && each.status === status) ?? false;

conformance(
  "[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly] [Conformance]",
  async (context) => {
    const { api, namespace, raw, kubectl, waitFor, waitGone } = context;
    const { caBundle } = await startSample(context);
    const registration = api(ApiregistrationV1Api);
    const labels = { sample: namespace };
    await registration.createAPIService({
      body: {
        metadata: { name: NAME, labels },
        spec: {
          group: GROUP,
          version: VERSION,
          service: { namespace, name: SERVICE, port: 7443 },
          caBundle,
          groupPriorityMinimum: 2000,
          versionPriority: 200,
        },
      },
    });
    context.defer(() => registration.deleteAPIService({ name: NAME }));
    await waitFor<V1APIService>(
      `${SERVICES}/${NAME}`,
      (found) => isAvailable("True", found),
      "it is available",
    );

    // Its kinds stand in discovery beside the cluster's own.
    const group = await raw("GET", `/apis/${GROUP}`);
    assert.equal(group.json<{ preferredVersion: { version: string } }>().preferredVersion.version, VERSION);
    const { resources } = (await raw("GET", `/apis/${GROUP}/${VERSION}`)).json<V1APIResourceList>();
    assert.ok(resources.some(({ name, kind }) => name === "flunders" && kind === "Flunder"));
    await eventually(async () => {
      const { stdout } = await kubectl(["api-resources", "--api-group", GROUP, "-o", "name"]);
      assert.match(stdout, /^flunders\.wardle\.example\.com$/m);
    });

    // Its objects are as others.
    const path = `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/flunders`;
    const watch = await context.watch<Custom>(path);
    const flunder = (name: string, reference: string) => ({
      apiVersion: `${GROUP}/${VERSION}`,
      kind: "Flunder",
      metadata: { name, labels },
      spec: { reference },
    });
    const created = await raw("POST", path, { body: flunder("a", "other") });
    assert.equal(created.code, 201, created.body);
    await raw("POST", path, { body: flunder("b", "other") });
    const patched = await raw("PATCH", `${path}/a`, {
      headers: { "content-type": PatchStrategy.MergePatch },
      body: { spec: { reference: "third" } },
    });
    assert.equal(patched.json<Custom>().spec.reference, "third");
    const listed = await kubectl(["get", `flunders.${GROUP}`, "-o", "name"]);
    assert.deepEqual(listed.stdout.trim().split("\n").toSorted(), [
      `flunder.${GROUP}/a`,
      `flunder.${GROUP}/b`,
    ]);
    assert.equal((await raw("DELETE", `${path}/a`)).code, 200);
    assert.equal((await raw("GET", `${path}/a`)).code, 404);
    await raw("DELETE", `${path}?labelSelector=sample=${namespace}`);
    await watch.until(
      ({ type, object }) => type === "DELETED" && object.metadata?.name === "b",
      "b is deleted",
    );
    assert.deepEqual(watch.types("a"), ["ADDED", "MODIFIED", "DELETED"]);
    // Who may not, may not there either.
    const denied = await raw("GET", path, { headers: { "impersonate-user": "nobody" } });
    assert.equal(denied.code, 403);

    // The registration itself can be read, changed and found.
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const changed = await registration.patchAPIService(
      { name: NAME, body: { spec: { versionPriority: 400 } } },
      merge,
    );
    assert.equal(changed.spec?.versionPriority, 400);
    const condition = { type: "StatusPatched", status: "True", reason: "E2E", message: "Set by a test" };
    const status = await registration.readAPIServiceStatus({ name: NAME });
    assert.ok(isAvailable("True", status));
    const added = await registration.patchAPIServiceStatus(
      { name: NAME, body: [{ op: "add", path: "/status/conditions/-", value: condition }] },
      setHeaderOptions("Content-Type", PatchStrategy.JsonPatch),
    );
    assert.ok(added.status?.conditions?.some(({ type }) => type === "StatusPatched"));
    const { items } = await registration.listAPIService({ labelSelector: `sample=${namespace}` });
    assert.deepEqual(
      items.map(({ metadata }) => metadata!.name),
      [NAME],
    );
    // Without its Service it cannot be reached, and says so.
    await api(CoreV1Api).deleteNamespacedService({ namespace, name: SERVICE });
    await waitFor<V1APIService>(
      `${SERVICES}/${NAME}`,
      (found) => isAvailable("False", found),
      "it is not available",
    );
    assert.equal((await raw("GET", path)).code, 503);

    await registration.deleteCollectionAPIService({ labelSelector: `sample=${namespace}` });
    await waitGone(`${SERVICES}/${NAME}`);
    await eventually(async () => assert.equal((await raw("GET", `/apis/${GROUP}`)).code, 404));
  },
);
