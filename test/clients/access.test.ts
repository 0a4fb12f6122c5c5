/** kubectl 1.35 with tokens of an issuer outside, Secrets, other identities and certificates, against a server of this process. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { resources } from "#api/registry";
import { startIssuer, type TestIssuer } from "#apiserver/authentication/jwt/test-issuer";
import { servedResources } from "#apiserver/runtime-config";
import { secure } from "#apiserver/security";
import { startApiServer } from "#apiserver/server";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { CertificateStore } from "#cluster/certificates/certificate-store";
import { writeKubeconfig } from "#cluster/certificates/kubeconfig";
import { adminClient, apiServerServing } from "#cluster/certificates/profiles";
import { securitySettings } from "#cluster/flags/security-flags";
import { parseServerFlags } from "#cluster/flags/server-flags";
import { formatYaml } from "#machinery/yaml";
import { openMemoryStore } from "#store/memory/memory-store";
import { clientBinary } from "../tools/client-binaries.ts";
import { run } from "../tools/run.ts";

const VERSION = "apiserver.config.k8s.io/v1";

const authentication = (issuer: TestIssuer) =>
  formatYaml({
    apiVersion: VERSION,
    kind: "AuthenticationConfiguration",
    jwt: [
      {
        issuer: { url: issuer.url, audiences: ["cluster"], certificateAuthority: issuer.authority },
        claimMappings: {
          username: { expression: "'oidc:' + claims.sub" },
          groups: { expression: "claims.roles.map(r, 'oidc:' + r)" },
        },
      },
    ],
  });

const AUTHORIZATION = formatYaml({
  apiVersion: VERSION,
  kind: "AuthorizationConfiguration",
  authorizers: [
    { type: "Node", name: "node" },
    { type: "RBAC", name: "rbac" },
  ],
});

const bundle = (name: string, certificate: string) =>
  formatYaml({
    apiVersion: "certificates.k8s.io/v1beta1",
    kind: "ClusterTrustBundle",
    metadata: { name },
    spec: { trustBundle: certificate },
  });

describe("who may come, through kubectl", () => {
  const cleanups: (() => unknown)[] = [];
  let issuer: TestIssuer;
  let authority: string;
  let url = "";
  let dir: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "k8ts-access-"));
    cleanups.push(() => rm(dir, { recursive: true }));
    issuer = await startIssuer({ after: (end) => void cleanups.push(end) });
    await issuer.addKey("one", "RS256");
    const [authenticationFile, authorizationFile] = [join(dir, "authn.yaml"), join(dir, "authz.yaml")];
    await writeFile(authenticationFile, authentication(issuer));
    await writeFile(authorizationFile, AUTHORIZATION);
    const flags = parseServerFlags({
      "authentication-config": [authenticationFile],
      "authorization-config": [authorizationFile],
    });
    const certificates = await CertificateStore.open(join(dir, "pki"), { clock: systemClock });
    cleanups.push(() => certificates.close());
    const store = openMemoryStore();
    cleanups.push(() => store.close());
    authority = certificates.cluster.certificate;
    const server = await startApiServer({
      store,
      clock: systemClock,
      random: systemRandom,
      resources: servedResources(resources, { "certificates.k8s.io/v1beta1": true }),
      rooms: secure({
        ...(await securitySettings(flags)),
        clientAuthorities: [authority],
        serviceAccountKey: certificates.serviceAccountKey,
        serverUrl: () => url,
      }),
    });
    cleanups.push(() => server.close());
    const pair = await certificates.pair(
      apiServerServing({ dns: [], addresses: [], serviceAddresses: ["10.96.0.1"] }),
    );
    const { port } = await server.listen({ host: "127.0.0.1", port: 0, clientCa: authority, ...pair });
    url = `https://127.0.0.1:${port}`;
    const facts = { cluster: "test", server: url, authority };
    const credentials = await certificates.pair(adminClient);
    await writeKubeconfig(join(dir, "admin"), { ...facts, user: "admin", credentials });
    await writeKubeconfig(join(dir, "nobody"), { ...facts, user: "nobody", credentials: { token: "" } });
  });
  after(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });

  /** Words in one text, as in a shell without quotes. */
  const kubectl = (who: "admin" | "nobody", words: string, input?: string) =>
    run(clientBinary("kubectl"), words.split(" "), {
      env: { KUBECONFIG: join(dir, who), HOME: dir },
      ...(input === undefined ? {} : { input }),
    });
  const admin = async (words: string, input?: string) => {
    const { code, stdout, stderr } = await kubectl("admin", words, input);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const exp = () => Math.floor(systemClock.now() / 1000) + 3600;

  it("a token of the issuer names its user, whom RBAC lets do what their groups may", async () => {
    const claims = { iss: issuer.url, aud: "cluster", sub: "jane", roles: ["viewers"], exp: exp() };
    const token = await issuer.sign("one", claims);
    const whoami = await kubectl("nobody", `auth whoami -o json --token=${token}`);
    assert.deepEqual(JSON.parse(whoami.stdout).status.userInfo, {
      username: "oidc:jane",
      groups: ["oidc:viewers", "system:authenticated"],
    });
    const refused = await kubectl("nobody", `get pods --token=${token}`);
    assert.match(refused.stderr, /User "oidc:jane" cannot list resource "pods" in API group ""/);
    await admin("create clusterrolebinding viewers --clusterrole=view --group=oidc:viewers");
    const allowed = await kubectl("nobody", `get pods --token=${token}`);
    assert.equal(allowed.code, 0, allowed.stderr);
    const list = await kubectl("nobody", `auth can-i --list --token=${token}`);
    assert.match(list.stdout, /pods\s+\[\]\s+\[\]\s+\[get list watch\]/);
  });

  it("a token that is for somebody else, or over, is a 401", async () => {
    const claims = { iss: issuer.url, sub: "jane", roles: [] };
    for (const wrong of [
      { aud: "other", exp: exp() },
      { aud: "cluster", exp: 1 },
    ]) {
      const token = await issuer.sign("one", { ...claims, ...wrong });
      const { code, stderr } = await kubectl("nobody", `get pods --token=${token}`);
      assert.equal(code, 1);
      assert.match(stderr, /Unauthorized|the server has asked for the client to provide credentials/);
    }
  });

  it("service accounts get tokens for whom they ask", async () => {
    await admin("create serviceaccount robot");
    const own = (await admin("create token robot")).trim();
    const whoami = await kubectl("nobody", `auth whoami -o json --token=${own}`);
    assert.equal(JSON.parse(whoami.stdout).status.userInfo.username, "system:serviceaccount:default:robot");
    const foreign = (await admin("create token robot --audience=vault --duration=10m")).trim();
    assert.equal((await kubectl("nobody", `auth whoami --token=${foreign}`)).code, 1);
  });

  it("an administrator acts as somebody else, and others may not", async () => {
    const as = "auth whoami -o json --as=jane --as-group=a,b --as-uid=7";
    assert.deepEqual(JSON.parse(await admin(as)).status.userInfo, {
      username: "jane",
      uid: "7",
      groups: ["a,b", "system:authenticated"],
    });
    const { stderr } = await kubectl("admin", "get pods --as=system:serviceaccount:default:robot");
    assert.match(stderr, /User "system:serviceaccount:default:robot" cannot list resource "pods"/);
  });

  it("bundles of authorities are checked", async () => {
    assert.match(await admin("create -f -", bundle("own", authority)), /clustertrustbundle.*own created/);
    const { stderr } = await kubectl("admin", "create -f -", bundle("none", "nothing"));
    assert.match(stderr, /at least one trust anchor must be provided/);
  });
});
