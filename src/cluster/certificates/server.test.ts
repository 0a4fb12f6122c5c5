import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { secure } from "#apiserver/security";
import { startApiServer } from "#apiserver/server";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { openMemoryStore } from "#store/memory/memory-store";
import { bootstrapSecret, formatBootstrapToken, newBootstrapToken } from "./bootstrap-token.ts";
import type { KeyPair } from "./authority.ts";
import { CertificateStore } from "./certificate-store.ts";
import { adminClient, apiServerServing, kubeletClient } from "./profiles.ts";

const TOKEN = "operator-token";

/** A real server behind TLS, with the certificates of a new cluster. */
async function startServer(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "server-"));
  const certificates = await CertificateStore.open(dir, { clock: systemClock });
  const store = openMemoryStore();
  let url = "";
  const server = await startApiServer({
    store,
    clock: systemClock,
    random: systemRandom,
    rooms: secure({
      clientAuthorities: [certificates.cluster.certificate],
      serviceAccountKey: certificates.serviceAccountKey,
      serverUrl: () => url,
      staticTokens: new Map([[TOKEN, { name: "operator", groups: ["system:masters"] }]]),
    }),
  });
  t.after(async () => {
    await server.close();
    await store.close();
    await certificates.close();
    await rm(dir, { recursive: true });
  });
  const serving = await certificates.pair(
    apiServerServing({ dns: [], addresses: [], serviceAddresses: ["10.96.0.1"] }),
  );
  const clientCa = certificates.cluster.certificate;
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, clientCa, ...serving });
  url = `https://127.0.0.1:${port}`;
  return { server, certificates, url };
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly pair?: KeyPair;
}

function send(url: string, ca: string, { method = "GET", headers, body, pair }: Sent) {
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        ca,
        agent: false,
        headers: { "content-type": "application/json", ...headers },
        ...(pair ? { cert: pair.certificate, key: pair.key } : {}),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test("every way to say who one is, over TLS", async (t) => {
  const { server, certificates, url } = await startServer(t);
  const root = server.transport({ name: "root", groups: ["system:masters"] });
  const meta = { name: "runner", namespace: "default" };
  await root.call({
    resource: ServiceAccount,
    namespace: "default",
    verb: "create",
    body: { apiVersion: "v1", kind: "ServiceAccount", metadata: meta },
  });
  const bootstrap = newBootstrapToken(systemRandom);
  await root.call({
    resource: Secret,
    namespace: "kube-system",
    verb: "create",
    body: bootstrapSecret(bootstrap),
  });
  const issued = (await root.call({
    resource: ServiceAccount,
    namespace: "default",
    name: "runner",
    subresource: "token",
    verb: "create",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
  })) as TokenRequest;
  const ca = certificates.cluster.certificate;
  const ask = (sent: Sent, path = "/apis/authentication.k8s.io/v1/selfsubjectreviews") =>
    send(`${url}${path}`, ca, sent);
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const whoAmI = async (sent: Sent): Promise<string> => {
    const { status, text } = await ask({ method: "POST", body: review, ...sent });
    assert.equal(status, 201, text);
    const { username } = (JSON.parse(text) as { status: { userInfo: { username: string } } }).status.userInfo;
    return username;
  };
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  assert.equal(await whoAmI({ pair: await certificates.pair(adminClient) }), "kubernetes-admin");
  assert.equal(await whoAmI({ pair: await certificates.pair(kubeletClient("n1")) }), "system:node:n1");
  assert.equal(await whoAmI(bearer(TOKEN)), "operator");
  assert.equal(await whoAmI(bearer(issued.status.token)), "system:serviceaccount:default:runner");
  assert.equal(await whoAmI(bearer(formatBootstrapToken(bootstrap))), `system:bootstrap:${bootstrap.id}`);
  const as = { headers: { authorization: `Bearer ${TOKEN}`, "impersonate-user": "ann" } };
  assert.equal(await whoAmI(as), "ann");

  assert.equal((await ask({}, "/version")).status, 200);
  const anonymous = await ask({}, "/api/v1/namespaces/default/pods");
  assert.equal(anonymous.status, 403);
  assert.match(anonymous.text, /User \\"system:anonymous\\" cannot list resource \\"pods\\"/);
  assert.equal((await ask(bearer("wrong"), "/version")).status, 401);
  const jwks = await ask(bearer(TOKEN), "/openid/v1/jwks");
  assert.match(jwks.text, /"alg":"ES256"/);
});
