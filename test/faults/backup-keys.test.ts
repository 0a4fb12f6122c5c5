/** Secrets are encrypted without being asked for; backups of them come back elsewhere, with their keys. */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Secret } from "#api/core-v1/secret";
import { Client } from "#client/client";
import { openEtcdStore } from "#store/etcd/etcd-store";
import { type Etcd, startEtcd } from "../tools/etcd.ts";
import { eventually } from "../tools/eventually.ts";
import { run } from "../tools/run.ts";
import { ServerProcess, type ServerProcessOptions, transportTo } from "../tools/server-process.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const NAME = { namespace: "default", name: "hidden" };
const PASSWORD = Buffer.from("correct-horse-battery").toString("base64");
const STORED = "/registry/secrets/default/hidden";

async function k8ts(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, [MAIN, ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await run(process.execPath, [MAIN, ...args]);
  assert.equal(code, 1, stderr);
  return stderr;
}

/** The work with the API of a server. */
async function withClient<T>(server: ServerProcess, work: (client: Client) => Promise<T>): Promise<T> {
  const transport = transportTo(server);
  return work(new Client(transport)).finally(() => transport.close());
}

const passwordIn = (server: ServerProcess): Promise<string | undefined> =>
  withClient(server, async (client) => (await client.find(Secret, NAME))?.data?.password);

const hide = (server: ServerProcess): Promise<unknown> =>
  withClient(server, (client) => client.create(Secret, { metadata: NAME, data: { password: PASSWORD } }));

describe("secrets that are encrypted by default", () => {
  const dir = mkdtempSync(join(tmpdir(), "k8ts-keys-"));
  const at = (...names: readonly string[]): string => join(dir, ...names);
  const servers: ServerProcess[] = [];
  let etcd: Etcd;
  const serve = async (name: string, options: Partial<ServerProcessOptions> = {}): Promise<ServerProcess> => {
    const all = { dir: at(name), store: "disk", advertised: "192.0.2.1", ...options };
    const server = await ServerProcess.start(all);
    servers.push(server);
    return server;
  };
  before(async () => {
    etcd = await startEtcd();
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.end()));
    await etcd?.stop();
    rmSync(dir, { recursive: true });
  });

  const inFiles = (name: string): boolean =>
    readdirSync(at(name, "default/store")).some((file) =>
      readFileSync(at(name, "default/store", file)).includes(PASSWORD),
    );
  const cluster = (name: string) => [`--data-dir=${at(name)}`, `--cert-dir=${at(name, "pki")}`];

  it("are nowhere on disk, and the key is its owner's alone", async () => {
    const server = await serve("one");
    await hide(server);
    assert.equal(await passwordIn(server), PASSWORD);
    assert.equal(statSync(at("one/pki/encryption.yaml")).mode & 0o777, 0o600);
    await server.end("SIGTERM");
    assert.ok(!inFiles("one"));
  });

  it("are read with the same key after a restart, and a store without its key is not served", async () => {
    const [server] = servers;
    await server!.start();
    assert.equal(await passwordIn(server!), PASSWORD);
    await server!.end("SIGTERM");
    renameSync(at("one/pki/encryption.yaml"), at("kept.yaml"));
    await assert.rejects(
      server!.start(),
      /secrets in the store are encrypted with the key secretbox:k8ts-[0-9a-f]{8}/,
    );
    assert.ok(!existsSync(at("one/pki/encryption.yaml")), "no other key was made");
    renameSync(at("kept.yaml"), at("one/pki/encryption.yaml"));
  });

  it("come back from a backup on a new data directory", async () => {
    const said = await k8ts("backup", at("one.k8ts"), ...cluster("one"));
    assert.match(said, /one\.k8ts\.keys: the keys of its secrets/);
    assert.equal(statSync(at("one.k8ts.keys")).mode & 0o777, 0o600);
    assert.ok(!readFileSync(at("one.k8ts")).includes(PASSWORD));
    await k8ts("restore", at("one.k8ts"), ...cluster("two"));
    const server = await serve("two");
    assert.equal(await passwordIn(server), PASSWORD);
    await server.end("SIGTERM");
  });

  it("come back beside those of a cluster that has a key already, which encrypts them from then on", async () => {
    const server = await serve("three");
    await server.end("SIGTERM");
    await k8ts("restore", at("one.k8ts"), "--force", ...cluster("three"));
    await server.start();
    assert.equal(await passwordIn(server), PASSWORD);
    await eventually(() => assert.match(server.said, /written anew/));
    const names = [...readFileSync(at("three/pki/encryption.yaml"), "utf8").matchAll(/k8ts-[0-9a-f]+/g)].map(
      String,
    );
    assert.equal(names.length, 2);
    await server.end("SIGTERM");
    const [own] = names;
    await k8ts("backup", at("three.k8ts"), ...cluster("three"));
    const bytes = readFileSync(at("three.k8ts"), "latin1");
    assert.ok(bytes.includes(`k8s:enc:secretbox:v1:${own}:`));
  });

  it("are refused without their key, with nothing touched; the rest comes back where that is asked for", async () => {
    cpSync(at("one.k8ts"), at("bare.k8ts"));
    const restore = ["restore", at("bare.k8ts"), ...cluster("four")];
    const said = await refusal(...restore);
    assert.match(
      said,
      /encrypted with secretbox:k8ts-[0-9a-f]{8}, which is neither in .*encryption\.yaml nor in .*bare\.k8ts\.keys/,
    );
    assert.ok(!existsSync(at("four")));
    await k8ts(...restore, "--keys", at("one.k8ts.keys"));
    assert.ok(existsSync(at("four/pki/encryption.yaml")));
    const without = await k8ts("restore", at("bare.k8ts"), "--without-keys", ...cluster("five"));
    assert.match(without, /[0-9]+ were left out/);
    const server = await serve("five");
    assert.equal(await passwordIn(server), undefined);
    assert.match(
      await refusal("backup", at("x.k8ts"), `--data-dir=${at("one")}`, `--cert-dir=${at("none")}`),
      /with --without-keys/,
    );
    assert.ok(!existsSync(at("x.k8ts")));
    await k8ts("backup", at("x.k8ts"), "--without-keys", ...cluster("one"));
    assert.ok(!existsSync(at("x.k8ts.keys")));
  });

  it("are written plainly again when that is asked for, and encrypted again when not", async () => {
    const plain = await serve("two", { flags: ["--encrypt-secrets=false"] });
    assert.equal(await passwordIn(plain), PASSWORD);
    await eventually(() => assert.match(plain.said, /written anew/));
    await plain.end("SIGTERM");
    assert.ok(inFiles("two"));
    const again = await serve("two");
    await eventually(() => assert.match(again.said, /written anew/));
    assert.equal(await passwordIn(again), PASSWORD);
    await again.end("SIGTERM");
  });

  it("are kept plain by a cluster that never had a key and was told so", async () => {
    const server = await serve("six", { flags: ["--encrypt-secrets=false"] });
    await hide(server);
    await server.end("SIGTERM");
    assert.ok(inFiles("six") && !existsSync(at("six/pki/encryption.yaml")));
    const later = await serve("six");
    await eventually(() => assert.match(later.said, /written anew/));
    assert.equal(await passwordIn(later), PASSWORD);
  });

  it("are read by all servers on one etcd with the same key, and one without it does not start", async () => {
    const store = `etcd://${etcd.endpoint}`;
    const first = await serve("etcd-one", { store });
    await hide(first);
    const bare = await openEtcdStore({ endpoints: [etcd.endpoint] });
    const { entry } = await bare.get(STORED);
    await bare.close();
    assert.match(Buffer.from(entry!.value).toString("latin1"), /^k8s:enc:secretbox:v1:k8ts-/);
    const second = await serve("etcd-two", { store, advertised: "192.0.2.2", like: first });
    assert.equal(await passwordIn(second), PASSWORD);
    await second.end("SIGTERM");
    rmSync(at("etcd-two/pki/encryption.yaml"));
    await assert.rejects(second.start(), /secrets in the store are encrypted with the key secretbox:k8ts-/);
    assert.equal(await passwordIn(first), PASSWORD);

    await k8ts("backup", at("etcd.db"), `--store=${store}`, ...cluster("etcd-one"));
    const restore = ["restore", at("etcd.db"), `--store=${store}`, "--force", ...cluster("etcd-one")];
    assert.match(await refusal(...restore), /a control plane runs on .*192\.0\.2\.1/);
    assert.equal(await passwordIn(first), PASSWORD);
    await first.end("SIGTERM");
    await k8ts(...restore);
    await first.start();
    assert.equal(await passwordIn(first), PASSWORD);
    await first.end("SIGKILL");
    assert.match(await refusal(...restore), /a control plane runs on/);
    await k8ts(...restore, "--ignore-servers");
  });

  it("of servers that do not encrypt keep a new one with a key away", async () => {
    const other = await startEtcd();
    try {
      const store = `etcd://${other.endpoint}`;
      const plain = await serve("plain", { store, flags: ["--encrypt-secrets=false"] });
      const joining = serve("joining", { store, advertised: "192.0.2.2", like: plain });
      await assert.rejects(joining, /other servers work on this store \(192\.0\.2\.1\)/);
    } finally {
      await other.stop();
    }
  });
});
