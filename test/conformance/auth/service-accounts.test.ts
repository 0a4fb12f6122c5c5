import assert from "node:assert/strict";
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from "jose";
import {
  AuthenticationV1Api,
  CoreV1Api,
  type V1Container,
  type V1Pod,
  type V1TokenRequestStatus,
  type V1TokenReviewStatus,
} from "@kubernetes/client-node";
import { configMaps, pods, serviceAccounts } from "../kinds.ts";
import { podOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

async function review({ api }: ConformanceContext, token: string, audiences?: string[]) {
  const { status } = await api(AuthenticationV1Api).createTokenReview({
    body: { spec: { token, audiences } },
  });
  return status as V1TokenReviewStatus;
}

/** Runs a pod whose container waits. */
async function runPod(
  context: ConformanceContext,
  name: string,
  more: Partial<V1Pod["spec"]>,
): Promise<V1Pod> {
  await pods(context).create(podOf(name, waiting(), more));
  return pods(context).until(name, ({ status }) => status?.phase === "Running", "it runs");
}

async function inPod({ kubectl }: ConformanceContext, pod: string, ...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(["exec", pod, "--", ...command]);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** A token for an hour, and when it ends. */
async function makeToken({ api, namespace }: ConformanceContext, name: string, audiences: string[] = []) {
  const { status } = await api(CoreV1Api).createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences, expirationSeconds: 3600 } },
  });
  return status as Required<V1TokenRequestStatus>;
}

conformance(
  "[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]",
  async (context) => {
    const { namespace } = context;
    const account = await serviceAccounts(context).create({ metadata: { name: "mounted" } });
    const pod = await runPod(context, "mounts", { serviceAccountName: "mounted" });
    const [token, ca, said] = await Promise.all(
      ["token", "ca.crt", "namespace"].map((file) => inPod(context, "mounts", "cat", `${MOUNT}/${file}`)),
    );
    assert.equal(said, namespace);
    const { data } = await configMaps(context).read("kube-root-ca.crt");
    assert.equal(ca, data!["ca.crt"]);

    const { authenticated, user } = await review(context, token!);
    assert.equal(authenticated, true);
    assert.equal(user?.username, `system:serviceaccount:${namespace}:mounted`);
    assert.equal(user?.uid, account.metadata!.uid);
    assert.deepEqual(user?.groups?.toSorted(), [
      "system:authenticated",
      "system:serviceaccounts",
      `system:serviceaccounts:${namespace}`,
    ]);
    // It says whose it is.
    assert.deepEqual(user?.extra?.["authentication.kubernetes.io/pod-name"], ["mounts"]);
    assert.deepEqual(user?.extra?.["authentication.kubernetes.io/pod-uid"], [pod.metadata!.uid]);
    assert.deepEqual(user?.extra?.["authentication.kubernetes.io/node-name"], [pod.spec!.nodeName]);
    // The server takes it, as that account and no more.
    const bearer = { anonymous: true, headers: { authorization: `Bearer ${token}` } };
    const forbidden = await context.raw("GET", `/api/v1/namespaces/${namespace}/secrets`, bearer);
    assert.equal(forbidden.code, 403);
    assert.match(forbidden.body, new RegExp(`system:serviceaccount:${namespace}:mounted`));
    // With the pod it ends.
    await pods(context).delete("mounts", { gracePeriodSeconds: 0 });
    await pods(context).untilGone("mounts");
    assert.notEqual((await review(context, token!)).authenticated, true);
  },
);

conformance(
  "[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]",
  async (context) => {
    const accounts = { unsaid: undefined, yes: true, no: false };
    for (const [name, automountServiceAccountToken] of Object.entries(accounts))
      await serviceAccounts(context).create({ metadata: { name }, automountServiceAccountToken });
    const mounts = ({ spec }: V1Pod) =>
      spec!.containers.every(({ volumeMounts }) =>
        volumeMounts?.some(({ mountPath }) => mountPath === MOUNT),
      );
    for (const [account, byAccount] of Object.entries(accounts))
      for (const byPod of [undefined, true, false]) {
        const name = `${account}-${byPod ?? "unsaid"}`;
        const pod = await pods(context).create(
          podOf(name, waiting(), {
            serviceAccountName: account,
            automountServiceAccountToken: byPod,
            nodeSelector: { none: "such" },
          }),
        );
        // The pod decides, then the account; otherwise it is mounted.
        assert.equal(mounts(pod), byPod ?? byAccount ?? true, name);
        assert.equal(
          pod.spec!.volumes?.some(({ projected }) =>
            projected?.sources?.some((each) => each.serviceAccountToken),
          ) ?? false,
          byPod ?? byAccount ?? true,
        );
      }
  },
);

conformance(
  "[sig-auth] ServiceAccounts should mount projected service account token [Conformance]",
  async (context) => {
    const container: V1Container = waiting({
      volumeMounts: [{ name: "token", mountPath: "/var/run/projected", readOnly: true }],
    });
    await pods(context).create(
      podOf("projects", container, {
        automountServiceAccountToken: false,
        volumes: [
          {
            name: "token",
            projected: {
              sources: [
                { serviceAccountToken: { path: "api", expirationSeconds: 3600 } },
                { serviceAccountToken: { path: "vault/token", audience: "vault", expirationSeconds: 7200 } },
              ],
            },
          },
        ],
      }),
    );
    await pods(context).until("projects", ({ status }) => status?.phase === "Running", "it runs");
    const token = await inPod(context, "projects", "cat", "/var/run/projected/api");
    const { authenticated, user } = await review(context, token);
    assert.equal(authenticated, true);
    assert.equal(user?.username, `system:serviceaccount:${context.namespace}:default`);

    const other = await inPod(context, "projects", "cat", "/var/run/projected/vault/token");
    const { aud, exp, iat } = decodeJwt(other);
    assert.deepEqual([aud, exp! - iat!], [["vault"], 7200]);
    assert.equal((await review(context, other, ["vault"])).authenticated, true);
    // It is for its audience alone.
    assert.notEqual((await review(context, other)).authenticated, true);
    const bearer = { anonymous: true, headers: { authorization: `Bearer ${other}` } };
    assert.equal((await context.raw("GET", "/api", bearer)).code, 401);
    // The one that pods have without asking is not there.
    const { code } = await context.kubectl(["exec", "projects", "--", "ls", MOUNT]);
    assert.notEqual(code, 0);
  },
);

conformance(
  "[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview [Conformance]",
  async (context) => {
    const { namespace } = context;
    await serviceAccounts(context).create({ metadata: { name: "asks" } });
    const { token, expirationTimestamp } = await makeToken(context, "asks");
    const { exp, iat } = decodeJwt(token);
    assert.equal(exp! - iat!, 3600);
    assert.equal(expirationTimestamp.getTime(), exp! * 1000);
    const found = await review(context, token);
    assert.equal(found.authenticated, true);
    assert.equal(found.error, undefined);
    assert.equal(found.user?.username, `system:serviceaccount:${namespace}:asks`);
    assert.ok(found.user?.groups?.includes(`system:serviceaccounts:${namespace}`));
    assert.equal((await review(context, `${token}x`)).authenticated ?? false, false);
    // An account made anew is another one.
    await serviceAccounts(context).delete("asks");
    await serviceAccounts(context).create({ metadata: { name: "asks" } });
    assert.equal((await review(context, token)).authenticated ?? false, false);
  },
);

conformance(
  "[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]",
  async (context) => {
    const { namespace, raw } = context;
    // As a pod would: with its own token.
    await serviceAccounts(context).create({ metadata: { name: "validates" } });
    const { token } = await makeToken(context, "validates", ["oidc-discovery-test"]);
    const own = await makeToken(context, "validates");
    const bearer = { anonymous: true, headers: { authorization: `Bearer ${own.token}` } };
    const document = await raw("GET", "/.well-known/openid-configuration", bearer);
    assert.equal(document.code, 200, document.body);
    const { issuer, jwks_uri, id_token_signing_alg_values_supported, response_types_supported } =
      document.json<{
        issuer: string;
        jwks_uri: string;
        id_token_signing_alg_values_supported: string[];
        response_types_supported: string[];
        subject_types_supported: string[];
      }>();
    assert.deepEqual(response_types_supported, ["id_token"]);
    assert.match(jwks_uri, /^https:\/\/.*\/openid\/v1\/jwks$/);
    const keys = await raw("GET", new URL(jwks_uri).pathname, bearer);
    assert.equal(keys.code, 200, keys.body);
    assert.match(keys.headers["content-type"]!, /^application\/jwk-set\+json/);

    // Somebody who knows the issuer alone can tell that the token is genuine.
    const { payload, protectedHeader } = await jwtVerify(
      token,
      createLocalJWKSet(keys.json<JSONWebKeySet>()),
      { issuer, audience: "oidc-discovery-test" },
    );
    assert.equal(payload.sub, `system:serviceaccount:${namespace}:validates`);
    assert.ok(id_token_signing_alg_values_supported.includes(protectedHeader.alg));
    const anonymous = await raw("GET", "/openid/v1/jwks", { anonymous: true });
    assert.ok([401, 403].includes(anonymous.code), "keys are for those who are known");
  },
);

conformance(
  "[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]",
  async (context) => {
    const name = "kube-root-ca.crt";
    const maps = configMaps(context);
    const { metadata, data } = await maps.until(name, () => true, "it is there");
    assert.match(data!["ca.crt"]!, /^-----BEGIN CERTIFICATE-----/);
    await maps.delete(name);
    const again = await maps.until(name, (map) => map.metadata!.uid !== metadata!.uid, "it is made anew");
    assert.deepEqual({ ...again.data }, { ...data });
    await maps.update(name, (map) => (map.data = { "ca.crt": "", other: "x" }));
    await maps.until(
      name,
      (map) => map.data?.["ca.crt"] === data!["ca.crt"] && map.data?.other === undefined,
      "it is put right",
    );
    const other = await context.makeNamespace();
    const elsewhere = await configMaps(context, other).until(name, () => true, "it is in every namespace");
    assert.equal(elsewhere.data!["ca.crt"], data!["ca.crt"]);
  },
);

conformance(
  "[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]",
  async (context) => {
    const client = serviceAccounts(context);
    const labels = { of: context.unique("account") };
    const mine = { labelSelector: `of=${labels.of}` };
    const seen = await client.record(mine);
    await client.create({ metadata: { name: "walks", labels } });
    await seen.until(({ type }) => type === "ADDED", "it is seen");
    await client.patch("walks", { automountServiceAccountToken: false });
    await seen.until(
      ({ type, object }) => type === "MODIFIED" && object.automountServiceAccountToken === false,
      "the change is seen",
    );
    assert.deepEqual(
      (await client.listEverywhere(mine)).map(({ metadata }) => [metadata!.namespace, metadata!.name]),
      [[context.namespace, "walks"]],
    );
    await client.deleteCollection(mine);
    await seen.until(({ type }) => type === "DELETED", "its end is seen");
    assert.deepEqual(seen.types(), ["ADDED", "MODIFIED", "DELETED"]);
    assert.deepEqual(await client.listEverywhere(mine), []);
  },
);

conformance("[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]", async (context) => {
  const client = serviceAccounts(context);
  const created = await client.create({ metadata: { name: "changes" } });
  assert.equal(created.automountServiceAccountToken, undefined);
  const updated = await client.update("changes", (account) => (account.automountServiceAccountToken = true));
  assert.equal(updated.automountServiceAccountToken, true);
  const read = await client.read("changes");
  assert.equal(read.automountServiceAccountToken, true);
  assert.equal(read.metadata!.uid, created.metadata!.uid);
  assert.notEqual(read.metadata!.resourceVersion, created.metadata!.resourceVersion);
  // The next pod goes by it.
  await client.update("changes", (account) => (account.automountServiceAccountToken = false));
  const pod = await pods(context).create(
    podOf("without", waiting(), { serviceAccountName: "changes", nodeSelector: { none: "such" } }),
  );
  assert.equal(pod.spec!.volumes, undefined);
});
