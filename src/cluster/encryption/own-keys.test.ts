import assert from "node:assert/strict";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseEncryptionConfiguration } from "#apiserver/encryption/configuration";
import { seededRandom } from "#base/random";
import { parseYaml } from "#machinery/yaml";
import { createFile } from "./key-file.ts";
import { keyIdOf, keyIdsOf, writerOf } from "./key-ids.ts";
import { addKeys, makeKeyFile, readingOnly, readKeyFile } from "./own-keys.ts";

const dir = mkdtempSync(join(tmpdir(), "k8ts-own-keys-"));
after(() => rmSync(dir, { recursive: true }));
const made = (name: string, seed: number) =>
  makeKeyFile(join(dir, name, "encryption.yaml"), seededRandom(seed));

test("a key is made once, named after its content, and is its owner's alone", async () => {
  const file = await made("one", 1);
  const [id, ...others] = keyIdsOf(file.configuration);
  assert.deepEqual(others, []);
  assert.match(id!, /^secretbox:k8ts-[0-9a-f]{8}$/);
  assert.equal(writerOf(file.configuration), id);
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal((await made("one", 2)).text, file.text);
  assert.deepEqual(readdirSync(join(dir, "one")), ["encryption.yaml"]);
});

test("without encryption, what was encrypted before is still read", async () => {
  const file = await made("two", 3);
  const configuration = parseEncryptionConfiguration(readingOnly(file));
  assert.equal(writerOf(configuration), undefined);
  assert.deepEqual(keyIdsOf(configuration), keyIdsOf(file.configuration));
});

test("keys that are added are read, and those that were there go on writing", async () => {
  const [own, other] = [await made("three", 4), await made("four", 5)];
  await addKeys(own.path, other, [...keyIdsOf(other.configuration)]);
  const both = (await readKeyFile(own.path))!;
  assert.equal(writerOf(both.configuration), writerOf(own.configuration));
  assert.deepEqual(
    keyIdsOf(both.configuration),
    new Set([...keyIdsOf(own.configuration), ...keyIdsOf(other.configuration)]),
  );
  const alone = join(dir, "five", "encryption.yaml");
  await addKeys(alone, other, [...keyIdsOf(other.configuration)]);
  assert.equal(readFileSync(alone, "utf8"), other.text);
  assert.equal(statSync(alone).mode & 0o777, 0o600);
});

test("of a file that came with a backup only the keys that are needed are taken", async () => {
  const [own, other] = [await made("six", 6), await made("seven", 7)];
  const [needed] = keyIdsOf(other.configuration);
  const foreign = join(dir, "foreign.yaml");
  const file = parseYaml(other.text) as {
    readonly resources: readonly { readonly providers: readonly object[] }[];
  };
  const [secrets] = file.resources;
  const spare = { aescbc: { keys: [{ name: "k8ts-spare", secret: Buffer.alloc(32).toString("base64") }] } };
  const plugin = { kms: { apiVersion: "v2", name: "theirs", endpoint: "unix:///tmp/theirs" } };
  const resources = [
    { ...secrets, providers: [spare, ...secrets!.providers] },
    { resources: ["configmaps"], providers: [plugin] },
  ];
  writeFileSync(foreign, JSON.stringify({ ...file, resources }));
  const from = (await readKeyFile(foreign))!;
  assert.equal(keyIdsOf(from.configuration).size, 3);
  for (const path of [own.path, join(dir, "eight", "encryption.yaml")]) {
    const before = (await readKeyFile(path))?.configuration;
    await addKeys(path, from, [needed!]);
    const { configuration } = (await readKeyFile(path))!;
    assert.deepEqual(keyIdsOf(configuration), new Set([...(before ? keyIdsOf(before) : []), needed]));
    assert.equal(writerOf(configuration), before ? writerOf(before) : needed);
    assert.deepEqual(
      configuration.resources.map(({ resources }) => resources),
      [["secrets"]],
    );
  }
});

test("nobody's link or file gets a key", async () => {
  const folder = mkdtempSync(join(dir, "shared-"));
  const path = join(folder, "encryption.yaml");
  const theirs = join(folder, "theirs");
  writeFileSync(theirs, "", { mode: 0o666 });
  symlinkSync(theirs, `${path}.${process.pid}`);
  await makeKeyFile(path, seededRandom(8));
  assert.equal(readFileSync(theirs, "utf8"), "");
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  assert.equal(await createFile(path, "another"), false);
  assert.notEqual(readFileSync(path, "utf8"), "another");
});

test("a file that makes no sense is refused with its name", async () => {
  const path = join(dir, "bad.yaml");
  writeFileSync(path, "resources: []");
  await assert.rejects(readKeyFile(path), /bad\.yaml cannot be used/);
  assert.equal(await readKeyFile(join(dir, "none.yaml")), undefined);
});

test("values tell their key", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["k8s:enc:secretbox:v1:k8ts-1234abcd:…", "secretbox:k8ts-1234abcd"],
    ["k8s:enc:kms:v2:vault:…", "kms:vault"],
    ["k8s:enc:aesgcm:v1:", undefined],
    ['{"kind":"Secret"}', undefined],
    ["", undefined],
    ["k", undefined],
  ];
  for (const [text, id] of rows) assert.equal(keyIdOf({ value: Buffer.from(text, "latin1") }), id, text);
});
