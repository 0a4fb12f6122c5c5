/** The server as its operator has set it, over TLS: files that change, webhooks, and what is said of them. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Registry } from "prom-client";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { formatYaml } from "#machinery/yaml";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Json } from "./admission/webhooks/test-kit.ts";
import { startIssuer } from "./authentication/jwt/test-issuer.ts";
import { type AuthorizationSettings, buildAuthorization } from "./authorization/build.ts";
import { selfSigned } from "./listening-harness.ts";
import { secure, type SecurityOptions } from "./security.ts";
import { LOOPBACK_USER, startApiServer } from "./server.ts";
import { startReviewWebhook } from "./webhook-client/test-review-webhook.ts";

const VERSION = "apiserver.config.k8s.io/v1";

async function start(t: TestContext, settings: Partial<SecurityOptions>) {
  const pair = await selfSigned();
  const ca = pair.certificate;
  const store = openMemoryStore();
  const server = await startApiServer({
    store,
    clock: systemClock,
    random: systemRandom,
    rooms: secure({
      clientAuthorities: [],
      serviceAccountKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
      serverUrl: () => url,
      staticTokens: new Map([["root", { name: "root", groups: ["system:masters"] }]]),
      ...settings,
    }),
  });
  t.after(async () => {
    await server.close();
    await store.close();
  });
  const { url } = await server.listen({ host: "127.0.0.1", port: 0, clientCa: ca, ...pair });
  const ask = (path: string, token?: string, body?: object, method = body ? "POST" : "GET") =>
    new Promise<{ readonly status: number; readonly json: Json }>((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const sent = request(url + path, { method, ca, agent: false, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const json: Json = text.startsWith("{") ? JSON.parse(text) : text;
          resolve({ status: answer.statusCode ?? 0, json });
        });
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const whoAmI = async (token?: string) => {
    const { status, json } = await ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", token, {});
    return status === 201 ? json.status.userInfo : status;
  };
  /** Asks until the answer is this: a file takes effect when its change has been heard of. */
  const until = async (what: () => Promise<unknown>, wanted: unknown) => {
    let found: unknown;
    while (found !== wanted) {
      // oxlint-disable-next-line no-await-in-loop -- one question after the other
      found = await what();
    }
  };
  return { server, ask, whoAmI, until, url };
}

test("an authentication file: its issuers, its anonymous paths, and its changes", async (t) => {
  const issuer = await startIssuer(t);
  await issuer.addKey("one", "ES256");
  const { dir } = await startReviewWebhook(t);
  const path = join(dir, "authentication.yaml");
  const file = (prefix: string) =>
    formatYaml({
      apiVersion: VERSION,
      kind: "AuthenticationConfiguration",
      jwt: [
        {
          issuer: { url: issuer.url, audiences: ["cluster"], certificateAuthority: issuer.authority },
          claimMappings: { username: { claim: "sub", prefix } },
        },
      ],
      anonymous: { enabled: true, conditions: [{ path: "/livez" }] },
    });
  await writeFile(path, file("a:"));
  const { ask, whoAmI, until } = await start(t, { authenticationFile: path });
  const exp = Math.floor(systemClock.now() / 1000) + 3600;
  const token = await issuer.sign("one", { iss: issuer.url, aud: "cluster", sub: "jane", exp });
  assert.equal((await whoAmI(token)).username, "a:jane");
  assert.equal((await ask("/livez")).status, 200);
  assert.equal((await ask("/version")).status, 401);
  assert.equal((await ask("/livez", "nonsense")).status, 401);
  const expired = await issuer.sign("one", { iss: issuer.url, aud: "cluster", sub: "jane", exp: 1 });
  const review = await ask("/apis/authentication.k8s.io/v1/tokenreviews", "root", {
    spec: { token: expired },
  });
  assert.equal(review.json.status.authenticated, undefined);
  assert.match(review.json.status.error, /oidc: token is expired/);

  await writeFile(path, "nonsense: true");
  const failures = async () =>
    /authentication_config_controller_automatic_reloads_total\{status="failure",apiserver_id_hash="sha256:[0-9a-f]{64}"\} 1/.test(
      (await ask("/metrics", "root")).json,
    );
  await until(failures, true);
  assert.equal((await whoAmI(token)).username, "a:jane", "what was read before still holds");
  await writeFile(path, file("b:"));
  await until(async () => (await whoAmI(token)).username, "b:jane");
});

test("an authorization file: webhooks before RBAC, failures that are 500s, and its changes", async (t) => {
  const webhook = await startReviewWebhook(t);
  const path = join(webhook.dir, "authorization.yaml");
  const hook = {
    type: "Webhook",
    name: "hook",
    webhook: {
      timeout: "1s",
      subjectAccessReviewVersion: "v1",
      matchConditionSubjectAccessReviewVersion: "v1",
      failurePolicy: "Deny",
      connectionInfo: { type: "KubeConfigFile", kubeConfigFile: webhook.kubeconfigFile },
      matchConditions: [
        {
          expression:
            "has(request.resourceAttributes) && request.resourceAttributes.resource == 'configmaps'",
        },
      ],
    },
  };
  const file = (...authorizers: object[]) =>
    formatYaml({ apiVersion: VERSION, kind: "AuthorizationConfiguration", authorizers });
  await writeFile(path, file(hook, { type: "RBAC", name: "rbac" }));
  const ann = { name: "ann", groups: [] };
  const { ask, until } = await start(t, {
    authorizationFile: path,
    staticTokens: new Map([
      ["root", { name: "root", groups: ["system:masters"] }],
      ["ann", ann],
    ]),
  });
  webhook.answer = ({ spec: { resourceAttributes: about } }) => ({ allowed: about.namespace === "default" });
  assert.equal((await ask("/api/v1/namespaces/default/configmaps", "ann")).status, 200);
  assert.equal((await ask("/api/v1/namespaces/other/configmaps", "ann")).status, 403);
  assert.equal((await ask("/api/v1/namespaces/default/pods", "ann")).status, 403);
  assert.deepEqual(
    webhook.asked.map(({ review }) => review.spec.groups),
    [["system:authenticated"], ["system:authenticated"]],
  );
  const mayI = (namespace: string) =>
    ask("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "ann", {
      spec: { resourceAttributes: { resource: "configmaps", verb: "list", namespace } },
    });
  assert.equal((await mayI("default")).json.status.allowed, true);
  const rules = await ask("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "ann", {
    spec: { namespace: "default" },
  });
  assert.equal(rules.json.status.incomplete, true);
  assert.equal(rules.json.status.evaluationError, "webhook authorizer does not support user rule resolution");

  webhook.answer = () => ({ allowed: true, denied: true });
  const refused = await ask("/api/v1/namespaces/third/configmaps", "ann");
  assert.equal(refused.status, 500);
  assert.match(refused.json.message, /both allow and deny/);
  assert.match((await mayI("third")).json.status.evaluationError, /both allow and deny/);

  await writeFile(path, file({ type: "AlwaysAllow", name: "all" }));
  await until(async () => (await ask("/api/v1/namespaces/default/pods", "ann")).status, 200);
});

test("a token webhook; service-account tokens of two issuers for several audiences", async (t) => {
  const webhook = await startReviewWebhook(t);
  webhook.answer = ({ spec }) =>
    spec.token === "known" ? { authenticated: true, user: { username: "ann" } } : { authenticated: false };
  const { server, ask, whoAmI, url } = await start(t, {
    tokenWebhook: { kubeconfigFile: webhook.kubeconfigFile },
    issuers: ["https://new.example.com", "https://old.example.com"],
    audiences: ["api", "other"],
    jwksUri: "https://keys.example.com/jwks",
  });
  assert.equal((await whoAmI("known")).username, "ann");
  assert.equal(await whoAmI("unknown"), 401);
  assert.deepEqual(webhook.asked[0]?.review.spec, { token: "known", audiences: ["api", "other"] });
  assert.equal(webhook.asked[0]?.review.apiVersion, "authentication.k8s.io/v1beta1");

  const namespace = "default";
  await server.transport(LOOPBACK_USER).call({
    resource: ServiceAccount,
    verb: "create",
    namespace,
    body: { metadata: { name: "sa", namespace } },
  });
  const issue = async (audiences: readonly string[]) => {
    const made = await ask("/api/v1/namespaces/default/serviceaccounts/sa/token", "root", {
      spec: { audiences },
    });
    return made.json.status.token as string;
  };
  assert.equal((await whoAmI(await issue([]))).username, "system:serviceaccount:default:sa");
  assert.equal((await whoAmI(await issue(["other"]))).username, "system:serviceaccount:default:sa");
  const foreign = await issue(["vault"]);
  assert.equal(await whoAmI(foreign), 401);
  const review = (audiences: readonly string[]) =>
    ask("/apis/authentication.k8s.io/v1/tokenreviews", "root", { spec: { token: foreign, audiences } });
  const { status } = (await review(["vault", "api"])).json;
  assert.equal(status.authenticated, true);
  assert.deepEqual(status.audiences, ["vault"]);
  assert.match(status.user.extra["authentication.kubernetes.io/credential-id"][0], /^JTI=/);
  assert.match((await review(["api"])).json.status.error, /is invalid for the target audiences/);

  const documents = await ask("/.well-known/openid-configuration", "root");
  assert.equal(documents.json.issuer, "https://new.example.com");
  assert.equal(documents.json.jwks_uri, "https://keys.example.com/jwks");
  assert.ok(url.startsWith("https://"));
});

test("somebody else's identity: groups may be repeated and hold commas", async (t) => {
  const { url } = await start(t, {});
  const review = { path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", method: "POST" };
  const headers = {
    authorization: "Bearer root",
    "content-type": "application/json",
    "impersonate-user": "jane",
    "impersonate-uid": "7",
    "impersonate-group": ["a,c", "b"],
    "impersonate-extra-example.com%2fTeam": ["red", "blue"],
  };
  const answer = await new Promise<string>((resolve, reject) => {
    const { hostname: host, port } = new URL(url);
    const options = { ...review, host, port, headers, agent: false as const, rejectUnauthorized: false };
    const sent = request(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end("{}");
  });
  const { status } = JSON.parse(answer) as Json;
  assert.deepEqual(status.userInfo, {
    username: "jane",
    uid: "7",
    groups: ["a,c", "b", "system:authenticated"],
    extra: { "example.com/team": ["red", "blue"] },
  });
});

test("settings that cannot be used keep the server from starting", async (t) => {
  const { dir } = await startReviewWebhook(t);
  const path = join(dir, "file.yaml");
  await writeFile(path, formatYaml({ apiVersion: VERSION, kind: "AuthorizationConfiguration" }));
  const nobody = { authorize: () => ({ verdict: "no-opinion", reason: "" }) as const };
  const inner = () => ({
    clock: systemClock,
    random: systemRandom,
    metrics: new Registry(),
    closing: AbortSignal.abort(),
  });
  const authorization = (settings: AuthorizationSettings) =>
    buildAuthorization(settings, { node: nobody, rbac: nobody }, inner());
  await assert.rejects(
    authorization({ authorizationFile: path }),
    /at least one authorization mode must be defined/,
  );
  await assert.rejects(
    authorization({ authorizationModes: ["ABAC"] }),
    /policy files of ABAC are not supported/,
  );
  await assert.rejects(
    authorization({ authorizationFile: path, authorizationModes: ["RBAC"] }),
    /mutually exclusive/,
  );
  await assert.rejects(authorization({ authorizationFile: join(dir, "none") }), /cannot be read/);
});
