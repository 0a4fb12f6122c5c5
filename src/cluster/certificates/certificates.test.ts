import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ClientCertificateAuthenticator } from "#apiserver/authentication/client-certificate";
import type { Credentials } from "#apiserver/contracts";
import { type Clock, systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { hasReason } from "#machinery/status";
import { addressBytes } from "./address.ts";
import { CertificateAuthority, subjectField } from "./authority.ts";
import { formatBootstrapToken, newBootstrapToken, parseBootstrapToken } from "./bootstrap-token.ts";
import { CertificateStore } from "./certificate-store.ts";
import { adminClient, apiServerServing, kubeletClient } from "./profiles.ts";

const DAY_MS = 24 * 3600 * 1000;

async function directory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "certificates-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** A store whose end is waited for before its directory goes. */
async function openStore(t: TestContext, clock: Clock): Promise<CertificateStore> {
  const dir = await mkdtemp(join(tmpdir(), "certificates-"));
  const store = await CertificateStore.open(dir, { clock });
  t.after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  return store;
}

test("addresses become bytes", () => {
  const cases: readonly [string, string][] = [
    ["10.96.0.1", "0a600001"],
    ["::1", "00000000000000000000000000000001"],
    ["fd00:1::a:0", "fd0000010000000000000000000a0000"],
    ["::ffff:1.2.3.4", "00000000000000000000ffff01020304"],
  ];
  for (const [address, hex] of cases) assert.equal(addressBytes(address).toHex(), hex);
});

test("a certificate says what its profile says, and chains to the cluster's authority", async (t) => {
  const store = await openStore(t, systemClock);
  const kubelet = new X509Certificate((await store.pair(kubeletClient("node-1"))).certificate);
  assert.deepEqual(subjectField(kubelet, "CN"), ["system:node:node-1"]);
  assert.deepEqual(subjectField(kubelet, "O"), ["system:nodes"]);
  assert.deepEqual(kubelet.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.equal(kubelet.ca, false);
  assert.ok(store.cluster.signed(kubelet));
  assert.ok(!store.frontProxy.signed(kubelet));

  const profile = apiServerServing({
    dns: ["host-a"],
    addresses: ["192.0.2.7"],
    serviceAddresses: ["10.96.0.1"],
  });
  const serving = new X509Certificate((await store.pair(profile)).certificate);
  for (const name of ["kubernetes.default.svc.cluster.local", "localhost", "host-a"]) {
    assert.equal(serving.checkHost(name), name);
  }
  for (const address of ["10.96.0.1", "127.0.0.1", "::1", "192.0.2.7"]) {
    assert.ok(serving.checkIP(address), address);
  }
});

test("OpenSSL shakes hands with both sides verified", async (t) => {
  const store = await openStore(t, systemClock);
  const serving = await store.pair(apiServerServing({ dns: [], addresses: [], serviceAddresses: [] }));
  const admin = await store.pair(adminClient);
  const ca = store.cluster.certificate;
  const server = createServer({
    ca,
    cert: serving.certificate,
    key: serving.key,
    requestCert: true,
    rejectUnauthorized: true,
  });
  t.after(() => server.close());
  const accepted = new Promise<TLSSocket>((resolve) => server.on("secureConnection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = connect({ ca, cert: admin.certificate, key: admin.key, host: "127.0.0.1", port });
  t.after(() => socket.destroy());
  const peer = (await accepted).getPeerX509Certificate();
  assert.ok(peer);
  assert.deepEqual(subjectField(peer, "O"), ["system:masters"]);
});

test("files are private, and a second start loads what the first one made", async (t) => {
  const dir = await directory(t);
  const first = await CertificateStore.open(dir, { clock: systemClock });
  const admin = await first.pair(adminClient);
  await first.close();
  const names = await readdir(dir);
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- a handful of files
    assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600, name);
  }
  const second = await CertificateStore.open(dir, { clock: systemClock });
  t.after(() => second.close());
  assert.deepEqual(await second.pair(adminClient), admin);
  assert.equal(second.cluster.certificate, first.cluster.certificate);
  assert.ok(second.serviceAccountKey.equals(first.serviceAccountKey));
});

test("a pair that does not fit is issued again", async (t) => {
  const dir = await directory(t);
  const names = { dns: [], serviceAddresses: ["10.96.0.1"] };
  const before = await CertificateStore.open(dir, { clock: systemClock });
  t.after(() => before.close());
  const old = await before.pair(apiServerServing({ ...names, addresses: [] }));
  await before.pair(adminClient);
  await writeFile(join(dir, "admin.crt"), "torn");

  const after = await CertificateStore.open(dir, { clock: systemClock });
  t.after(() => after.close());
  assert.deepEqual(await after.pair(apiServerServing({ ...names, addresses: [] })), old);
  const renamed = await after.pair(apiServerServing({ ...names, addresses: ["192.0.2.9"] }));
  assert.ok(new X509Certificate(renamed.certificate).checkIP("192.0.2.9"));
  const admin = await after.pair(adminClient);
  assert.ok(new X509Certificate(admin.certificate).checkPrivateKey(createPrivateKey(admin.key)));
});

test("renews before the end, and tells who uses it", async (t) => {
  const clock = new VirtualClock();
  const store = await openStore(t, clock);
  const first = await store.pair(adminClient);
  const renewed = new Promise((resolve) => store.onRenewed("admin", resolve));
  await clock.advance(200 * DAY_MS);
  assert.equal(await store.pair(adminClient), first);
  await clock.advance(60 * DAY_MS);
  const second = await renewed;
  assert.notDeepEqual(second, first);
  assert.equal(await store.pair(adminClient), second);
});

test("bootstrap tokens have their form", () => {
  const token = newBootstrapToken(seededRandom(7));
  const text = formatBootstrapToken(token);
  assert.match(text, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  assert.deepEqual(parseBootstrapToken(text), token);
  assert.equal(parseBootstrapToken("ABCDEF.0123456789abcdef"), undefined);
});

const credentials = (clientCertificate: Uint8Array): Credentials => ({
  header: () => undefined,
  clientCertificate,
  remoteAddress: "127.0.0.1",
});
const isUnauthorized = (error: unknown) => hasReason(error, "Unauthorized");

test("client certificates: the common name is the user, organizations are groups", async (t) => {
  const clock = new VirtualClock();
  const store = await openStore(t, clock);
  const authenticator = new ClientCertificateAuthenticator([store.cluster.certificate], clock);
  const der = (pem: string) => new Uint8Array(new X509Certificate(pem).raw);
  const admin = await authenticator.authenticate(
    credentials(der((await store.pair(adminClient)).certificate)),
  );
  assert.equal(admin?.name, "kubernetes-admin");
  assert.deepEqual(admin?.groups, ["system:masters", "system:authenticated"]);
  const kubelet = await store.pair(kubeletClient("n1"));
  const node = await authenticator.authenticate(credentials(der(kubelet.certificate)));
  assert.deepEqual(
    [node?.name, ...(node?.groups ?? [])],
    ["system:node:n1", "system:nodes", "system:authenticated"],
  );

  const stranger = new CertificateAuthority(
    CertificateAuthority.create({ commonName: "kubernetes" }, clock.now()),
  );
  const forged = stranger.issue(adminClient.facts, clock.now());
  await assert.rejects(
    async () => authenticator.authenticate(credentials(der(forged.certificate))),
    isUnauthorized,
  );
  await clock.advance(400 * 24 * 3600 * 1000);
  await assert.rejects(
    async () => authenticator.authenticate(credentials(der(kubelet.certificate))),
    isUnauthorized,
  );
});
