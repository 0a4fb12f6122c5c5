/** Groups that another server answers for, over TLS from end to end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { X509Certificate } from "node:crypto";
import { type TestContext, test } from "node:test";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { ConfigMap } from "#api/core-v1/configmap";
import { Service } from "#api/core-v1/service";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { RequestHeaderAuthenticator } from "#apiserver/authentication/request-header";
import { type Clock, systemClock } from "#base/clock";
import { VirtualClock } from "#base/virtual-clock";
import type { Transport } from "#client/transport";
import { hasReason } from "#machinery/status";
import {
  type AggregatedCluster,
  EXTENSION_SERVICE,
  FLUNDERS,
  startAggregatedCluster,
} from "#testing/extension-server/aggregated-cluster";
import { type ExtensionServer, startExtensionServer } from "#testing/extension-server/extension-server";
import { Flunder } from "#testing/extension-server/flunder";
import { CertificateAuthority, type KeyPair } from "./certificates/authority.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape are looked at
type Json = any;

const BASE = "/apis/wardle.example.com/v1alpha1";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const NAMESPACE = "default";

async function ask(transport: Transport, method: string, path: string, body?: object, headers: object = {}) {
  const answer = await transport.raw({
    method,
    path,
    headers: { "content-type": "application/json", ...headers },
    body: body && Buffer.from(JSON.stringify(body)),
  });
  const text = Buffer.concat(await Array.fromAsync(answer.body)).toString();
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) as Json };
}

async function startExtension(t: TestContext, cluster: AggregatedCluster): Promise<ExtensionServer> {
  const extension = await startExtensionServer({ cluster: cluster.forExtension, ...cluster.certificate() });
  t.after(() => extension.close());
  return extension;
}

async function startAnnounced(t: TestContext, users: Parameters<typeof startAggregatedCluster>[1] = {}) {
  const cluster = await startAggregatedCluster(t, users);
  const extension = await startExtension(t, cluster);
  await cluster.announce(extension.port);
  const condition = await cluster.available("Passed");
  assert.equal(condition.message, "all checks passed");
  return { cluster, extension };
}

const flunder = (name: string, reference = "other") => ({
  apiVersion: "wardle.example.com/v1alpha1",
  kind: "Flunder",
  metadata: { name },
  spec: { reference },
});

test("objects of another server, as if they were our own", async (t) => {
  const { cluster, extension } = await startAnnounced(t);
  const { admin } = cluster;
  const place = { resource: Flunder, namespace: NAMESPACE } as const;
  const ended = new AbortController();
  const watched: string[] = [];
  const { resourceVersion } = await admin.list(place);
  const watching = (async () => {
    for await (const event of admin.watch({ ...place, resourceVersion }, { signal: ended.signal })) {
      if (event.type !== "BOOKMARK") watched.push(`${event.type} ${event.object.metadata.name}`);
      if (watched.length === 3) ended.abort();
    }
  })();
  const made = (await admin.call({ ...place, verb: "create", body: flunder("a") })) as Flunder;
  assert.equal(made.spec.reference, "other");
  const patched = (await admin.call({
    ...place,
    verb: "patch",
    name: "a",
    patchType: "application/merge-patch+json",
    body: { spec: { reference: "third" } },
  })) as Flunder;
  assert.equal(patched.spec.reference, "third");
  const { items } = await admin.list(place);
  assert.deepEqual(
    items.map(({ metadata: { name } }) => name),
    ["a"],
  );
  const refused = await ask(admin, "POST", `${BASE}/namespaces/default/flunders`, flunder("b", "b"));
  assert.equal(refused.status, 422);
  assert.match(refused.json().message, /spec.reference: Invalid value: "b": may not be the flunder itself/);
  await admin.call({ ...place, verb: "delete", name: "a" });
  await watching.catch((error: unknown) => assert.ok(ended.signal.aborted, String(error)));
  assert.deepEqual(watched, ["ADDED a", "MODIFIED a", "DELETED a"]);
  // It hears who asked, with everything that is known of them.
  const user = extension.seen.find(({ name }) => name === "admin");
  assert.deepEqual(user, {
    name: "admin",
    uid: "42",
    groups: ["system:masters", "system:authenticated"],
    extra: { team: ["a", "b"] },
  });
});

test("who may not is told so here, and what they say of themselves is not passed on", async (t) => {
  const { cluster, extension } = await startAnnounced(t, { ann: { name: "ann", groups: [] } });
  const ann = cluster.as("ann");
  const path = `${BASE}/namespaces/default/flunders`;
  const before = extension.seen.length;
  const forged = { "x-remote-user": "root", "x-remote-group": "system:masters", "x-remote-extra-a": "b" };
  const refused = await ask(ann, "GET", path, undefined, forged);
  assert.equal(refused.status, 403);
  assert.match(
    refused.json().message,
    /flunders.wardle.example.com is forbidden: User "ann" cannot list resource "flunders"/,
  );
  assert.equal(extension.seen.length, before);
  const rules = [{ apiGroups: ["wardle.example.com"], resources: ["flunders"], verbs: ["list"] }];
  const metadata = { name: "fishers" };
  await cluster.admin.call({ resource: ClusterRole, verb: "create", body: { metadata, rules } });
  await cluster.admin.call({
    resource: ClusterRoleBinding,
    verb: "create",
    body: {
      metadata,
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ann" }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "fishers" },
    },
  });
  assert.equal((await ask(ann, "GET", path, undefined, forged)).status, 200);
  const { name, groups, extra } = extension.seen.at(-1)!;
  assert.deepEqual(
    { name, groups, extra },
    { name: "ann", groups: ["system:authenticated"], extra: undefined },
  );
  // As somebody else, whom the other server hears of as such.
  const as = { "impersonate-user": "bob", "impersonate-group": "system:masters" };
  assert.equal((await ask(cluster.admin, "GET", path, undefined, as)).status, 200);
  assert.deepEqual(extension.seen.at(-1)!.groups, ["system:masters", "system:authenticated"]);
});

test("the other server's groups stand in discovery and in OpenAPI", async (t) => {
  const { cluster } = await startAnnounced(t);
  const { admin } = cluster;
  const groups = (await ask(admin, "GET", "/apis")).json().groups as { name: string }[];
  assert.deepEqual([groups[0]!.name, groups.at(-1)!.name], ["apiregistration.k8s.io", "wardle.example.com"]);
  const group = (await ask(admin, "GET", "/apis/wardle.example.com")).json();
  assert.deepEqual(group.preferredVersion, {
    groupVersion: "wardle.example.com/v1alpha1",
    version: "v1alpha1",
  });
  const kinds = (await ask(admin, "GET", BASE)).json();
  assert.deepEqual(
    kinds.resources.map(({ name }: { name: string }) => name),
    ["flunders", "flunders/status"],
  );
  const all = await ask(admin, "GET", "/apis", undefined, { accept: AGGREGATED });
  const listed = all.json().items.at(-1);
  assert.equal(listed.metadata.name, "wardle.example.com");
  const [version] = listed.versions;
  assert.equal(version.freshness, "Current");
  assert.deepEqual(version.resources, [
    {
      resource: "flunders",
      responseKind: { group: "wardle.example.com", version: "v1alpha1", kind: "Flunder" },
      scope: "Namespaced",
      singularResource: "flunder",
      verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
      shortNames: ["fl"],
      categories: ["all"],
      subresources: [
        {
          subresource: "status",
          responseKind: { group: "wardle.example.com", version: "v1alpha1", kind: "Flunder" },
          verbs: ["get", "patch", "update"],
        },
      ],
    },
  ]);
  // Higher than all of ours but the group of API services.
  const spec = { groupPriorityMinimum: 19_000 };
  const patchType = "application/merge-patch+json";
  await admin.call({ resource: APIService, verb: "patch", name: FLUNDERS, patchType, body: { spec } });
  const first = (await ask(admin, "GET", "/apis", undefined, { accept: AGGREGATED })).json();
  assert.equal(first.items[1].metadata.name, "wardle.example.com");
});

test("what the other server says of its kinds is part of what this one says", async (t) => {
  const { cluster, extension } = await startAnnounced(t);
  const { admin } = cluster;
  const name = "io.k8s.api.wardle.v1alpha1.Flunder";
  const v2 = (await ask(admin, "GET", "/openapi/v2")).json();
  assert.ok(v2.definitions[name]);
  assert.ok(v2.definitions["io.k8s.api.core.v1.Pod"]);
  assert.ok(v2.paths[`${BASE}/namespaces/{namespace}/flunders`]);
  const protobuf = { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" };
  assert.match((await ask(admin, "GET", "/openapi/v2", undefined, protobuf)).text, /Flunder/);
  const index = (await ask(admin, "GET", "/openapi/v3")).json();
  const address = index.paths[BASE.slice(1)].serverRelativeURL as string;
  const own = await ask(
    extension.server.transport({ name: "root", groups: ["system:masters"] }),
    "GET",
    `/openapi/v3${BASE}`,
  );
  const document = await ask(admin, "GET", address);
  assert.deepEqual(document.json(), own.json());
  assert.equal(document.headers["cache-control"], "public, immutable");
});

test("availability follows the service, its endpoints and its answers", async (t) => {
  const cluster = await startAggregatedCluster(t);
  const { admin, clock } = cluster;
  const extension = await startExtension(t, cluster);
  await cluster.announce(extension.port);
  await cluster.available("Passed");
  const place = { resource: Service, namespace: EXTENSION_SERVICE.namespace } as const;
  await admin.call({ ...place, verb: "delete", name: EXTENSION_SERVICE.name });
  const gone = await cluster.available("ServiceNotFound");
  assert.equal(gone.message, 'service/flunders in "wardle" is not present');
  const unavailable = await ask(admin, "GET", `${BASE}/namespaces/default/flunders`);
  assert.equal(unavailable.status, 503);
  assert.equal(unavailable.json().reason, "ServiceUnavailable");
  const stale = (await ask(admin, "GET", "/apis", undefined, { accept: AGGREGATED })).json().items.at(-1);
  assert.equal(stale.versions[0].freshness, "Stale");
  assert.equal(stale.versions[0].resources.length, 1);

  const make = (spec: object) =>
    admin.call({ ...place, verb: "create", body: { metadata: { name: EXTENSION_SERVICE.name }, spec } });
  await make({ ports: [{ port: 1 }] });
  const port = await cluster.available("ServicePortError");
  assert.equal(port.message, `service/flunders in "wardle" is not listening on port ${extension.port}`);
  await admin.call({ ...place, verb: "delete", name: EXTENSION_SERVICE.name });
  await cluster.available("ServiceNotFound");
  await make({ ports: [{ port: extension.port }] });
  const endpoints = await cluster.available("EndpointsNotFound");
  assert.equal(endpoints.message, 'cannot find endpointslices for service/flunders in "wardle"');
  await admin.call({ ...place, verb: "delete", name: EXTENSION_SERVICE.name });
  await make({ type: "ExternalName", externalName: "localhost" });
  await cluster.available("Passed");

  // Nobody tells when it no longer answers: it is asked again.
  await extension.close();
  await clock.advance(30_000);
  const failed = await cluster.available("FailedDiscoveryCheck");
  assert.match(
    failed.message ?? "",
    /^failing or missing response from https:\/\/localhost:\d+\/apis\/wardle/,
  );
});

test("a server that proves to be nobody we know gets no request", async (t) => {
  const cluster = await startAggregatedCluster(t);
  const extension = await startExtension(t, cluster);
  const other = await startAggregatedCluster(t);
  await cluster.announce(extension.port, { caBundle: Buffer.from(other.ca).toString("base64") });
  const failed = await cluster.available("FailedDiscoveryCheck");
  assert.match(failed.message ?? "", /certificate/);
  const spec = { caBundle: null, insecureSkipTLSVerify: true };
  const patchType = "application/merge-patch+json";
  const about = { resource: APIService, verb: "patch", name: FLUNDERS, patchType } as const;
  await cluster.admin.call({ ...about, body: { spec } });
  await cluster.available("Passed");
});

test("an API service that goes takes its group with it", async (t) => {
  const { cluster } = await startAnnounced(t);
  const { admin } = cluster;
  await admin.call({ resource: APIService, verb: "delete", name: FLUNDERS });
  assert.equal((await ask(admin, "GET", BASE)).status, 404);
  assert.equal((await ask(admin, "GET", "/apis/wardle.example.com")).status, 404);
  await assert.rejects(admin.list({ resource: Flunder, namespace: NAMESPACE }), (error) =>
    hasReason(error, "NotFound"),
  );
});

test("API services themselves are nobody else's", async (t) => {
  const { cluster } = await startAnnounced(t);
  const { admin } = cluster;
  const name = "v1.apiregistration.k8s.io";
  const body = {
    metadata: { name },
    spec: {
      group: "apiregistration.k8s.io",
      version: "v1",
      service: EXTENSION_SERVICE,
      groupPriorityMinimum: 1,
      versionPriority: 1,
    },
  };
  await admin.call({ resource: APIService, verb: "create", body });
  await admin.call({ resource: APIService, verb: "delete", name });
});

test("what this server answers itself is announced", async (t) => {
  const cluster = await startAggregatedCluster(t);
  const { admin } = cluster;
  const { items } = await admin.list({ resource: APIService });
  const apps = items.find(({ metadata: { name } }) => name === "v1.apps")!;
  assert.deepEqual(apps.metadata.labels, { "kube-aggregator.kubernetes.io/automanaged": "onstart" });
  assert.deepEqual(apps.spec, {
    group: "apps",
    version: "v1",
    groupPriorityMinimum: 17_800,
    versionPriority: 15,
  });
  assert.equal(apps.status.conditions?.[0]?.reason, "Local");
  assert.ok(items.some(({ metadata: { name } }) => name === "v1."));
  assert.ok(!items.some(({ spec: { group } }) => group === "apiregistration.k8s.io"));
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "eels.sea.example.com" },
    spec: {
      group: "sea.example.com",
      scope: "Namespaced",
      names: { plural: "eels", kind: "Eel" },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
  };
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  assert.equal((await ask(admin, "POST", definitions, definition)).status, 201);
  await cluster.available("Local", "v1.sea.example.com");
  const announced = cluster.server.cache.get(APIService, undefined, "v1.sea.example.com")!;
  assert.deepEqual(announced.metadata.labels, { "kube-aggregator.kubernetes.io/automanaged": "true" });
  const gone = new Promise<void>((resolve) => {
    cluster.server.cache.onChange(APIService, ({ after }) => after ?? resolve());
  });
  assert.equal((await ask(admin, "DELETE", `${definitions}/eels.sea.example.com`)).status, 200);
  await gone;
});

test("a proxy with the right certificate says who asks", async (t) => {
  const { url, ca, frontProxy, certificate } = await startAggregatedCluster(t);
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const whoAmI = async (pair: KeyPair, headers: Record<string, string | string[]>) => {
    const sent = request(`${url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: "POST",
      ca,
      agent: false,
      cert: pair.certificate,
      key: pair.key,
      headers: { ...headers, "content-type": "application/json" },
    });
    sent.end(JSON.stringify(review));
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const text = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString();
    return { status: response.statusCode, user: JSON.parse(text).status?.userInfo as Json };
  };
  const headers = {
    "x-remote-user": "ann",
    "x-remote-uid": "7",
    "x-remote-group": ["a,b", "c"],
    "x-remote-extra-acme.com%2Fteam": ["x", "y"],
  };
  const { status, user } = await whoAmI(frontProxy(), headers);
  assert.equal(status, 201);
  assert.deepEqual(user, {
    username: "ann",
    uid: "7",
    groups: ["a,b", "c", "system:authenticated"],
    extra: { "acme.com/team": ["x", "y"] },
  });
  // The certificate speaks for others only, and others' certificates for nobody else.
  assert.equal((await whoAmI(frontProxy(), {})).status, 401);
  assert.equal((await whoAmI(certificate(), headers)).status, 403);
});

test("of a proxies' authority, only those with the right names may speak for users", async () => {
  const nowMs = systemClock.now();
  const authority = new CertificateAuthority(CertificateAuthority.create({ commonName: "proxies" }, nowMs));
  const issued = (use: "client auth" | "server auth") => {
    const about = { subject: { commonName: "other" }, usages: ["digital signature"] as const };
    return authority.issue({ ...about, extendedUsages: [use], lifetimeMs: 60_000 }, nowMs).certificate;
  };
  const [certificate, ofServer] = [issued("client auth"), issued("server auth")];
  const nameOf = async (
    allowedNames: readonly string[],
    clock: Clock = systemClock,
    shown: string = certificate,
  ) => {
    const asked = {
      header: (name: string) => (name === "x-user" ? "ann" : undefined),
      clientCertificate: new X509Certificate(shown).raw,
      remoteAddress: "",
    };
    const clientAuthorities = [authority.certificate];
    const options = { clientAuthorities, allowedNames, usernameHeaders: ["X-Other", "X-User"] };
    return (await new RequestHeaderAuthenticator(options, clock).authenticate(asked))?.name;
  };
  assert.equal(await nameOf(["proxy"]), undefined);
  assert.equal(await nameOf(["proxy", "other"]), "ann");
  assert.equal(await nameOf([]), "ann");
  assert.equal(await nameOf([], systemClock, ofServer), undefined);
  await assert.rejects(nameOf([], new VirtualClock(nowMs + 120_000)), (error) =>
    hasReason(error, "Unauthorized"),
  );
});

test("what extension servers trust is published, and stays so", async (t) => {
  const cluster = await startAggregatedCluster(t);
  const place = { namespace: "kube-system", name: "extension-apiserver-authentication" };
  const read = () => cluster.server.cache.get(ConfigMap, place.namespace, place.name)?.data;
  const data = read()!;
  assert.equal(data["client-ca-file"], cluster.ca);
  assert.equal(data["requestheader-allowed-names"], '["front-proxy-client"]');
  assert.equal(data["requestheader-username-headers"], '["X-Remote-User"]');
  assert.equal(data["requestheader-extra-headers-prefix"], '["X-Remote-Extra-"]');
  const again = new Promise<void>((resolve) => {
    cluster.server.cache.onChange(ConfigMap, ({ before, after }) => {
      if (!before && after?.metadata.name === place.name) resolve();
    });
  });
  await cluster.admin.call({ resource: ConfigMap, verb: "delete", ...place });
  await again;
  assert.deepEqual(read(), data);
});
