import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Secret } from "#api/core-v1/secret";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Store } from "#store/store";
import { type Harness, startHarness } from "../../harness.ts";
import { Encryption } from "../encryption.ts";
import { type MemoryPlugin, startMemoryPlugin } from "./memory-plugin.ts";
import { EncryptedObject } from "./protocol.ts";

const PATH = "/api/v1/namespaces/default/secrets";
const PREFIX = "k8s:enc:kms:v2:vault:";
const MINUTE = 60_000;

interface Scene {
  readonly plugin: MemoryPlugin;
  readonly store: Store;
  readonly file: string;
}

async function sceneOf(t: TestContext): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-kms-"));
  const plugin = await startMemoryPlugin(join(directory, "kms.sock"), systemRandom);
  const file = join(directory, "encryption.yaml");
  await writeFile(
    file,
    `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms: {apiVersion: v2, name: vault, endpoint: "${plugin.endpoint}"}
`,
  );
  t.after(async () => {
    await plugin.close();
    await rm(directory, { recursive: true });
  });
  return { plugin, store: openMemoryStore({ clock: new VirtualClock() }), file };
}

interface Started {
  readonly harness: Harness;
  /** Lets time pass, and the plugin be asked meanwhile. */
  pass(ms: number): Promise<void>;
  ready(): Promise<number>;
  end(): Promise<void>;
}

async function start(t: TestContext, { store, file }: Scene, reload = false): Promise<Started> {
  const scope = new Scope();
  t.after(() => scope.close());
  const clock = new VirtualClock();
  const encryption = await Encryption.open({ configFile: file, reload, clock, random: systemRandom, scope });
  const harness = await startHarness(t, { store, encryption, clock });
  return {
    harness,
    async pass(ms) {
      await clock.advance(ms);
      // Health waits for a question that is under way, and asks where the last answer is old.
      await harness.ask("GET", `/readyz/${reload ? "kms-providers" : "kms-provider-0"}`);
    },
    async ready() {
      const answer = await harness.ask("GET", `/readyz/${reload ? "kms-providers" : "kms-provider-0"}`);
      return answer.status;
    },
    async end() {
      await harness.server.close();
      await scope.close();
    },
  };
}

const secret = (name: string) => ({ metadata: { name, namespace: "default" }, stringData: { a: name } });

async function storedObject(store: Store, name: string): Promise<EncryptedObject> {
  const { entry } = await store.get(`/registry/secrets/default/${name}`);
  const bytes = Buffer.from(entry!.value);
  assert.equal(bytes.subarray(0, PREFIX.length).toString(), PREFIX);
  return decodeProtobuf(EncryptedObject, bytes.subarray(PREFIX.length));
}

test("one seed serves many values, and another server asks the plugin once for it", async (t) => {
  const scene = await sceneOf(t);
  const { plugin, store } = scene;
  const first = await start(t, scene);
  for (const name of ["a", "b", "c"]) await first.harness.create(Secret, secret(name));
  assert.deepEqual(plugin.calls, { Status: 1, Encrypt: 1, Decrypt: 0 });
  const [a, b] = [await storedObject(store, "a"), await storedObject(store, "b")];
  assert.equal(a.keyId, "key-1");
  assert.equal(a.encryptedDekSourceType, 1);
  assert.deepEqual(a.annotations, { "version.example.com": "MQ==" });
  assert.deepEqual(Buffer.from(a.encryptedDekSource), Buffer.from(b.encryptedDekSource));
  assert.ok(!Buffer.from(a.encryptedData).includes("Opaque"));
  await first.end();

  const second = await start(t, scene);
  const { json } = await second.harness.ask("GET", PATH);
  assert.deepEqual(
    json.items.map(({ data }: { data: { a: string } }) => Buffer.from(data.a, "base64").toString()),
    ["a", "b", "c"],
  );
  assert.equal(plugin.calls.Decrypt, 1);
  assert.equal(await second.ready(), 200);
  await second.end();
});

test("when the plugin's key changes, new values use it, and unchanged ones are written again", async (t) => {
  const scene = await sceneOf(t);
  const { plugin, store } = scene;
  const server = await start(t, scene);
  const made = await server.harness.create(Secret, secret("a"));
  plugin.rotate("key-2");
  await server.pass(MINUTE);
  assert.equal((await storedObject(store, "a")).keyId, "key-1");
  const put = await server.harness.ask("PUT", `${PATH}/a`, made);
  assert.equal(put.status, 200);
  assert.notEqual(put.json.metadata.resourceVersion, made.metadata.resourceVersion);
  assert.equal((await storedObject(store, "a")).keyId, "key-2");
  const again = await server.harness.ask("PUT", `${PATH}/a`, put.json);
  assert.equal(again.json.metadata.resourceVersion, put.json.metadata.resourceVersion);
  await server.end();
});

test("a plugin that is not well shows in readyz; after three minutes nothing more is written", async (t) => {
  const scene = await sceneOf(t);
  const { plugin } = scene;
  const server = await start(t, scene);
  await server.harness.create(Secret, secret("a"));
  plugin.healthz = "sealed";
  await server.pass(MINUTE);
  assert.equal(await server.ready(), 500);
  assert.equal((await server.harness.ask("POST", PATH, secret("b"))).status, 201);
  for (let waited = 0; waited < 3 * MINUTE; waited += 30_000) await server.pass(30_000);
  const refused = await server.harness.ask("POST", PATH, secret("c"));
  assert.equal(refused.status, 500);
  assert.match(refused.json.message, /EDEK with keyID hash "sha256:[0-9a-f]{64}" expired at/);
  assert.equal((await server.harness.ask("GET", `${PATH}/a`)).status, 200);
  assert.equal(
    (await server.harness.ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "m" } }))
      .status,
    201,
  );
  plugin.healthz = "ok";
  await server.pass(30_000);
  assert.equal(await server.ready(), 200);
  assert.equal((await server.harness.ask("POST", PATH, secret("c"))).status, 201);
  const { text } = await server.harness.ask("GET", "/metrics");
  assert.match(
    text,
    /kms_operations_latency_seconds_count\{provider_name="vault",method_name="Status",grpc_status_code="OK"\}/,
  );
  await server.end();
});

test("a server starts while the plugin is away, and reads everything once it is back", async (t) => {
  const scene = await sceneOf(t);
  const { plugin } = scene;
  const first = await start(t, scene);
  await first.harness.create(Secret, secret("a"));
  await first.end();
  plugin.refusal = "out for lunch";
  const second = await start(t, scene, true);
  const answer = await second.harness.ask("GET", `${PATH}/a`);
  assert.equal(answer.status, 500);
  assert.match(answer.json.message, /failed to decrypt DEK, error: .*out for lunch/);
  assert.equal(await second.ready(), 500);
  assert.equal((await second.harness.ask("POST", PATH, secret("b"))).status, 500);
  plugin.refusal = undefined;
  await second.pass(10_000);
  const back = await eventually(second, `${PATH}/a`);
  assert.equal(back.json.data.a, Buffer.from("a").toString("base64"));
  assert.equal((await second.harness.ask("POST", PATH, secret("b"))).status, 201);
  await second.end();
});

/** The first answer that is no 500; reading again takes some turns of the event loop. */
async function eventually({ harness }: Started, path: string) {
  for (let turns = 0; turns < 10_000; turns++) {
    const answer = await harness.ask("GET", path);
    if (answer.status !== 500) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${path} stays unreadable`);
}
