import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import type { Random } from "#base/random";
import { aesCbc } from "./aes-cbc.ts";
import { aesGcm } from "./aes-gcm.ts";
import { expandKey, seedCipher } from "./kms/seed-cipher.ts";
import { Providers, identity } from "./providers.ts";
import { secretbox } from "./secretbox.ts";
import type { Provider } from "./transformer.ts";

const random = seededRandom(7);
const hex = (text: string) => Buffer.from(text, "hex");
const KEY = "/registry/secrets/default/one";
const plain = Buffer.from('{"kind":"Secret"}');
const secretOf = (length: number) => random.bytes(length);
const fixed = (bytes: Buffer): Random => ({ ...random, bytes: () => bytes });

const ciphers = [
  ...[16, 24, 32].map((size) => [`aescbc ${size}`, aesCbc(secretOf(size), random), false] as const),
  ...[16, 24, 32].map((size) => [`aesgcm ${size}`, aesGcm(secretOf(size), random), true] as const),
  ["secretbox", secretbox(secretOf(32), random), false] as const,
  ["kms seed", seedCipher(secretOf(32), random), true] as const,
];

for (const [name, cipher, isBound] of ciphers) {
  test(`${name}: what was sealed is opened, and nothing else`, async () => {
    for (const text of [Buffer.alloc(0), plain, Buffer.alloc(100_000, 7)]) {
      const sealed = cipher.seal(text, KEY);
      assert.deepEqual(Buffer.from((await cipher.open(sealed, KEY)).bytes), text);
      assert.notDeepEqual(cipher.seal(text, KEY), sealed);
    }
    const sealed = Buffer.from(cipher.seal(plain, KEY));
    const open = async (bytes: Uint8Array, key = KEY) => Buffer.from((await cipher.open(bytes, key)).bytes);
    for (const cut of [0, 5, 15, 17, sealed.length - 1]) {
      await assert.rejects(async () => open(sealed.subarray(0, cut)), { name: "SealBroken" });
    }
    if (isBound) await assert.rejects(async () => open(sealed, `${KEY}x`), { name: "SealBroken" });
    if (name.startsWith("aescbc")) return;
    for (let at = 0; at < sealed.length; at += 7) {
      const bent = Buffer.from(sealed);
      bent[at]! ^= 1;
      await assert.rejects(async () => open(bent), { name: "SealBroken" }, `byte ${at}`);
    }
  });
}

test("the layouts are those of the field", () => {
  const key = hex("2b7e151628aed2a6abf7158809cf4f3c");
  // NIST SP 800-38A, F.2.1: the first block; ours ends with a block of padding.
  const vector = hex("000102030405060708090a0b0c0d0e0f");
  const cbc = aesCbc(key, fixed(vector)).seal(hex("6bc1bee22e409f96e93d7e117393172a"), KEY);
  assert.equal(
    Buffer.from(cbc).toString("hex").slice(0, 64),
    `${vector.toString("hex")}7649abac8119b246cee98e9b12e9197d`,
  );
  assert.equal(cbc.length, 48);

  const nonce = Buffer.alloc(12, 3);
  const gcm = createCipheriv("aes-128-gcm", key, nonce).setAAD(Buffer.from(KEY));
  const body = Buffer.concat([gcm.update(plain), gcm.final()]);
  assert.deepEqual(
    Buffer.from(aesGcm(key, fixed(nonce)).seal(plain, KEY)),
    Buffer.concat([nonce, body, gcm.getAuthTag()]),
  );

  // The example of NaCl's own documentation.
  const boxKey = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
  const boxNonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
  const message = hex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705",
  );
  const boxed = Buffer.from(secretbox(boxKey, fixed(boxNonce)).seal(message, KEY));
  assert.equal(boxed.subarray(0, 24).toString("hex"), boxNonce.toString("hex"));
  assert.equal(
    boxed.subarray(24).toString("hex"),
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
  );

  // RFC 5869, A.1: the second step.
  const expanded = expandKey(
    hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
    hex("f0f1f2f3f4f5f6f7f8f9"),
  );
  assert.equal(
    Buffer.from(expanded).toString("hex"),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
  );
});

test("the first of several writes, all of them read, and what the first did not write is stale", async () => {
  const named = (name: string): Provider => ({
    ...aesGcm(secretOf(32), random),
    prefix: `k8s:enc:aesgcm:v1:${name}:`,
  });
  const [one, two] = [named("one"), named("two")];
  const before = new Providers([one, identity]);
  const after = new Providers([two, one, identity]);
  const old = before.seal(plain, KEY);
  assert.ok(Buffer.from(old).toString("latin1").startsWith("k8s:enc:aesgcm:v1:one:"));
  const outcome = async (providers: Providers, bytes: Uint8Array) => {
    const opened = await providers.open(bytes, KEY);
    assert.deepEqual(Buffer.from(opened.bytes), plain);
    return opened.stale;
  };
  assert.equal(await outcome(before, old), false);
  assert.equal(await outcome(after, old), true);
  assert.equal(await outcome(after, after.seal(plain, KEY)), false);
  assert.equal(await outcome(after, plain), true);
  assert.equal(await outcome(new Providers([identity, one]), old), true);
  assert.equal(await outcome(new Providers([identity, one]), plain), false);
  await assert.rejects(new Providers([two]).open(old, KEY), { message: "no matching prefix found" });
  await assert.rejects(new Providers([identity]).open(old, KEY), { message: "no matching prefix found" });
  const imposter: Provider = { ...aesGcm(secretOf(32), random), prefix: one.prefix };
  await assert.rejects(new Providers([imposter]).open(old, KEY), {
    message: "cipher: message authentication failed",
  });
  assert.equal(await outcome(new Providers([imposter, one]), old), true);
});
