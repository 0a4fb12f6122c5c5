import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Secret } from "#api/core-v1/secret";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { openDiskStore } from "#store/disk/disk-store";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Store } from "#store/store";
import { type Harness, startHarness } from "../harness.ts";
import { Encryption } from "./encryption.ts";

const PATH = "/api/v1/namespaces/default/secrets";
const KEY = "/registry/secrets/default/one";
const HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
const TEXT = "hunter2";
const DATA = Buffer.from(TEXT).toString("base64");

const secretOf = (bytes = 32) => Buffer.from(systemRandom.bytes(bytes)).toString("base64");
const keyOf = (name: string) => `{name: ${name}, secret: "${secretOf()}"}`;
const configuration = (resources: string, ...providers: readonly string[]) =>
  `- resources: [${resources}]\n  providers:\n${providers.map((provider) => `  - ${provider}\n`).join("")}`;
const fileOf = (...entries: readonly string[]) => `${HEAD}resources:\n${entries.join("")}`;

interface Place {
  readonly directory: string;
  readonly file: string;
  /** Replaces the file as people should: all at once. */
  write(text: string): Promise<void>;
}

async function placeOf(t: TestContext): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-encryption-"));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, "encryption.yaml");
  return {
    directory,
    file,
    async write(text) {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
  };
}

interface Started {
  readonly harness: Harness;
  /** The bytes in the store, as text. */
  stored(key?: string): Promise<string>;
  end(): Promise<void>;
}

async function start(t: TestContext, { file }: Place, store: Store, reload = false): Promise<Started> {
  const scope = new Scope();
  t.after(() => scope.close());
  const clock = new VirtualClock();
  const encryption = await Encryption.open({
    configFile: file,
    reload,
    clock,
    random: systemRandom,
    scope,
  });
  const harness = await startHarness(t, { store, encryption, clock });
  return {
    harness,
    async stored(key = KEY) {
      const { entry } = await store.get(key);
      return Buffer.from(entry?.value ?? []).toString("latin1");
    },
    async end() {
      await harness.server.close();
      await scope.close();
    },
  };
}

const secret = (name = "one") => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "default" },
  data: { password: DATA },
});
const make = ({ harness }: Started, name?: string) => harness.create(Secret, secret(name));

/** As `kubectl get secrets -A -o json | kubectl replace -f -`. */
async function rewrite({ harness }: Started): Promise<void> {
  const { json } = await harness.ask("GET", "/api/v1/secrets");
  for (const item of json.items) {
    const { namespace, name } = item.metadata;
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    const { status } = await harness.ask("PUT", path, { kind: "Secret", apiVersion: "v1", ...item });
    assert.equal(status, 200);
  }
}

const providers: readonly [string, string, RegExp][] = [
  ["aescbc", `aescbc: {keys: [${keyOf("k1")}]}`, /^k8s:enc:aescbc:v1:k1:/],
  ["aesgcm", `aesgcm: {keys: [${keyOf("k1")}]}`, /^k8s:enc:aesgcm:v1:k1:/],
  ["secretbox", `secretbox: {keys: [${keyOf("k1")}]}`, /^k8s:enc:secretbox:v1:k1:/],
  ["identity", "identity: {}", /^\{"kind":"Secret"/],
];

for (const [name, provider, beginning] of providers) {
  for (const engine of ["memory", "disk"]) {
    test(`${name} on ${engine}: clients see plain objects, the store does not, also after a restart`, async (t) => {
      const place = await placeOf(t);
      await place.write(fileOf(configuration("secrets", provider)));
      const clock = new VirtualClock();
      const store =
        engine === "memory"
          ? openMemoryStore({ clock })
          : await openDiskStore(join(place.directory, "store"), { clock });
      t.after(() => store.close());
      const first = await start(t, place, store);
      const made = await make(first);
      assert.equal(made.data?.password, DATA);
      const bytes = await first.stored();
      assert.match(bytes, beginning);
      assert.equal(bytes.includes(DATA), name === "identity");
      const map = { metadata: { name: "plain", namespace: "default" } };
      await first.harness.ask("POST", "/api/v1/namespaces/default/configmaps", map);
      assert.match(await first.stored("/registry/configmaps/default/plain"), /^\{"kind":"ConfigMap"/);
      await first.end();

      const second = await start(t, place, store);
      const { json } = await second.harness.ask("GET", `${PATH}/one`);
      assert.deepEqual(json, made);
      const patched = await second.harness.ask("PATCH", `${PATH}/one`, { data: { more: DATA } });
      assert.equal(patched.status, 200);
      const listed = await second.harness.ask("GET", PATH);
      assert.deepEqual(Object.keys(listed.json.items[0].data), ["more", "password"]);
      const older = await second.harness.ask(
        "GET",
        `${PATH}?resourceVersion=${made.metadata.resourceVersion}&resourceVersionMatch=Exact`,
      );
      assert.deepEqual(Object.keys(older.json.items[0].data), ["password"]);
      assert.equal((await second.harness.ask("DELETE", `${PATH}/one`)).status, 200);
      assert.equal(await second.stored(), "");
      await second.end();
    });
  }
}

test("kinds are chosen by name, group and wildcard; custom ones too", async (t) => {
  const place = await placeOf(t);
  await place.write(
    fileOf(
      configuration("deployments.apps", `aesgcm: {keys: [${keyOf("named")}]}`),
      configuration('"*.apps", "crontabs.stable.example.com"', `aesgcm: {keys: [${keyOf("group")}]}`),
      configuration('"*."', `aesgcm: {keys: [${keyOf("core")}]}`),
      configuration('"*.*"', `aesgcm: {keys: [${keyOf("rest")}]}`),
    ),
  );
  const { transformers } = await chosen(t, place);
  const cases: readonly [string, string | undefined][] = [
    ["/registry/deployments/default/a", "named"],
    ["/registry/replicasets/default/a", "group"],
    ["/registry/stable.example.com/crontabs/default/a", "group"],
    ["/registry/stable.example.com/others/default/a", "rest"],
    ["/registry/secrets/default/a", "core"],
    ["/registry/services/specs/default/a", "core"],
    ["/registry/events/default/a", "core"],
    ["/registry/leases/default/a", "rest"],
    ["/registry/apiextensions.k8s.io/customresourcedefinitions/a", "rest"],
    ["/registry/health", undefined],
    ["/elsewhere/secrets/default/a", undefined],
  ];
  for (const [key, name] of cases) {
    assert.equal(transformers.of(key)?.providers.prefix, name && `k8s:enc:aesgcm:v1:${name}:`, key);
  }
});

async function chosen(t: TestContext, { file }: Place): Promise<{ transformers: Pick<Encryption, "of"> }> {
  const scope = new Scope();
  t.after(() => scope.close());
  const encryption = await Encryption.open({
    configFile: file,
    clock: new VirtualClock(),
    random: systemRandom,
    scope,
  });
  return { transformers: encryption };
}

test("rules that earlier ones hide are refused, and so is a file that is not there", async (t) => {
  const place = await placeOf(t);
  const identity = "identity: {}";
  await place.write(fileOf(configuration('"*."', identity), configuration("secrets", identity)));
  await assert.rejects(chosen(t, place), /resource "secrets" is masked by earlier rule "\*\."/);
  await place.write(fileOf(configuration('"*.*"', identity), configuration('"*.apps"', identity)));
  await assert.rejects(chosen(t, place), /resource "\*\.apps" is masked by earlier rule "\*\.\*"/);
  await assert.rejects(
    chosen(t, { ...place, file: join(place.directory, "none") }),
    /error reading encryption provider configuration file/,
  );
});

test("keys rotate while the server runs: new ones write, and what is replaced unchanged is written again", async (t) => {
  const place = await placeOf(t);
  const [one, two] = [keyOf("one"), keyOf("two")];
  await place.write(fileOf(configuration("secrets", "identity: {}")));
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  const server = await start(t, place, store, true);
  const taken = reloads(server);
  await make(server);
  assert.match(await server.stored(), /^\{/);

  const steps: readonly [string, RegExp][] = [
    [
      fileOf(configuration("secrets", `secretbox: {keys: [${one}]}`, "identity: {}")),
      /^k8s:enc:secretbox:v1:one:/,
    ],
    [fileOf(configuration("secrets", `secretbox: {keys: [${two}, ${one}]}`)), /^k8s:enc:secretbox:v1:two:/],
    [
      fileOf(configuration("secrets", `aesgcm: {keys: [${one}]}`, `secretbox: {keys: [${two}]}`)),
      /^k8s:enc:aesgcm:v1:one:/,
    ],
    [fileOf(configuration("secrets", "identity: {}", `aesgcm: {keys: [${one}]}`)), /^\{/],
  ];
  let count = 0;
  for (const [text, beginning] of steps) {
    const before = await server.stored();
    await place.write(text);
    await taken("success", ++count);
    assert.equal(await server.stored(), before);
    const { json } = await server.harness.ask("GET", `${PATH}/one`);
    await rewrite(server);
    const after = await server.stored();
    assert.match(after, beginning);
    const again = await server.harness.ask("GET", `${PATH}/one`);
    assert.notEqual(again.json.metadata.resourceVersion, json.metadata.resourceVersion);
    assert.deepEqual({ ...again.json, metadata: 0 }, { ...json, metadata: 0 });
    // Once is enough: another unchanged one changes nothing.
    await rewrite(server);
    assert.equal(await server.stored(), after);
  }

  await place.write(`${HEAD}resources: []`);
  await taken("failure", 1);
  assert.equal((await server.harness.ask("GET", `${PATH}/one`)).status, 200);
  await server.end();
});

/** Waits until so many changes of the file were taken in, or refused. */
function reloads({ harness }: Started) {
  return async (status: string, count: number): Promise<void> => {
    const wanted = `automatic_reloads_total{status="${status}"} ${count}`;
    for (let turns = 0; turns < 10_000; turns++) {
      const { text } = await harness.ask("GET", "/metrics");
      if (text.includes(wanted)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`the file was not taken in: ${wanted}`);
  };
}

test("what cannot be read answers 500 and spares its neighbours; with its key back it is there again", async (t) => {
  const place = await placeOf(t);
  const right = fileOf(configuration("secrets", `aesgcm: {keys: [${keyOf("k")}]}`));
  await place.write(right);
  const store = openMemoryStore({ clock: new VirtualClock() });
  const first = await start(t, place, store);
  await make(first, "one");
  await make(first, "two");
  await first.end();

  // Bent bits.
  const { entry } = await store.get(KEY);
  const bent = Buffer.from(entry!.value);
  bent[bent.length - 1]! ^= 1;
  await store.commit([], [{ type: "put", key: KEY, value: bent }]);
  const second = await start(t, place, store);
  const broken = `Internal error occurred: unable to transform key "${KEY}": cipher: message authentication failed`;
  const refused = async ({ harness }: Started, method: string, path: string, message: string) => {
    const answer = await harness.ask(method, path, method === "PUT" ? secret() : undefined);
    assert.equal(answer.status, 500, `${method} ${path}`);
    assert.equal(answer.json.reason, "InternalError");
    assert.equal(answer.json.message, message);
  };
  await refused(second, "GET", `${PATH}/one`, broken);
  await refused(second, "PUT", `${PATH}/one`, broken);
  await refused(second, "DELETE", `${PATH}/one`, broken);
  await refused(second, "GET", PATH, broken);
  await refused(second, "GET", "/api/v1/secrets", broken);
  await refused(second, "DELETE", PATH, broken);
  await refused(second, "GET", `${PATH}?watch=true`, broken);
  assert.equal((await second.harness.ask("GET", `${PATH}/two`)).status, 200);
  assert.equal((await second.harness.ask("GET", "/api/v1/namespaces/other/secrets")).status, 200);
  assert.equal((await second.harness.ask("GET", "/api/v1/namespaces/default/configmaps")).status, 200);
  const taken = await second.harness.ask("POST", PATH, secret());
  assert.equal(taken.json.reason, "AlreadyExists");
  // Whoever puts it right is heard.
  await store.commit([], [{ type: "put", key: KEY, value: entry!.value }]);
  assert.equal((await second.harness.ask("GET", `${PATH}/one`)).json.data.password, DATA);
  // And so is who breaks it while the server runs.
  await store.commit([], [{ type: "put", key: KEY, value: bent }]);
  await refused(second, "GET", `${PATH}/one`, broken);
  await store.commit([], [{ type: "delete", key: KEY }]);
  assert.equal((await second.harness.ask("GET", PATH)).json.items.length, 1);
  await store.commit([], [{ type: "put", key: KEY, value: entry!.value }]);
  await second.end();

  // Another key: nothing of the kind can be read, and the server starts all the same.
  await place.write(fileOf(configuration("secrets", `aesgcm: {keys: [${keyOf("other")}]}`)));
  const third = await start(t, place, store, true);
  const noKey = `Internal error occurred: unable to transform key "${KEY}": no matching prefix found`;
  await refused(third, "GET", `${PATH}/one`, noKey);
  const count = reloads(third);
  await place.write(right);
  await count("success", 1);
  let back = await third.harness.ask("GET", `${PATH}/one`);
  for (let turns = 0; turns < 10_000 && back.status === 500; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    back = await third.harness.ask("GET", `${PATH}/one`);
  }
  assert.equal(back.json.data.password, DATA);
  await third.end();

  // No configuration at all.
  const bare = await startHarness(t, { store });
  const answer = await bare.ask("GET", `${PATH}/two`);
  assert.equal(answer.status, 500);
  assert.match(answer.json.message, /identity transformer tried to read encrypted data$/);
});

test("what is encrypted and decrypted is counted, without any of it", async (t) => {
  const place = await placeOf(t);
  await place.write(fileOf(configuration("secrets", `aescbc: {keys: [${keyOf("k")}]}`)));
  const store = openMemoryStore({ clock: new VirtualClock() });
  const server = await start(t, place, store);
  await make(server);
  const { text } = await server.harness.ask("GET", "/metrics");
  assert.match(
    text,
    /apiserver_storage_transformation_operations_total\{resource="secrets",transformation_type="to_storage",transformer_prefix="k8s:enc:aescbc:v1:k:",status="OK"\} 1/,
  );
  assert.match(text, /encryption_config_controller_last_config_info\{hash="sha256:[0-9a-f]{64}"\} 1/);
  assert.ok(!text.includes(TEXT));
  await server.end();
});
