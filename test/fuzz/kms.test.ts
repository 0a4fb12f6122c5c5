/** A key management plugin whose answers are wrong: nothing it says ends the server, and nothing acknowledged is lost by it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import { EncryptionMetrics } from "#apiserver/encryption/metrics";
import { KmsProvider } from "#apiserver/encryption/kms/kms-provider";
import { kmsDecrypt, kmsEncrypt, kmsStatus } from "#apiserver/encryption/kms/protocol";
import { type Random, seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import type { Method } from "#store/etcd/method";
import { chance, noise, pick } from "./requests/choices.ts";
import { broken } from "./requests/protobuf.ts";

const SEEDS = 150;
const PLAIN = new TextEncoder().encode("plain text of some length");
const KEY = "/registry/secrets/default/a";
const MASK = 0x5a;

type Answer = (random: Random) => object;
const turned = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ MASK);

interface Plugin {
  readonly endpoint: string;
  /** Undefined: it is honest. */
  lies: Random | undefined;
}

const ODD_STATUS: readonly object[] = [
  { version: "v2", healthz: "ok", keyId: "" },
  { version: "v2", healthz: "ok", keyId: "k".repeat(5_000) },
  { version: "v1", healthz: "ok", keyId: "a" },
  { version: "v2", healthz: "not well\u0000", keyId: "a" },
  { version: "v2beta1", healthz: "ok", keyId: "another" },
  {},
];
const ODD_ENCRYPTED: readonly Answer[] = [
  () => ({ ciphertext: new Uint8Array(), keyId: "a", annotations: {} }),
  () => ({ ciphertext: new Uint8Array(5_000), keyId: "a", annotations: {} }),
  (random) => ({ ciphertext: noise(random, 40), keyId: "", annotations: {} }),
  (random) => ({ ciphertext: noise(random, 40), keyId: "b", annotations: { bad: "AA==" } }),
  (random) => ({ ciphertext: noise(random, 40), keyId: "a", annotations: { "a.b": "AA==".repeat(20_000) } }),
];
const ODD_DECRYPTED: readonly Answer[] = [
  () => ({ plaintext: new Uint8Array() }),
  (random) => ({ plaintext: noise(random, 32) }),
  (random) => ({ plaintext: noise(random, 5_000) }),
];

async function startPlugin(t: TestContext): Promise<Plugin> {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-lies-"));
  const socket = join(directory, "kms.sock");
  const server = new Server();
  const plugin: Plugin = { endpoint: `unix://${socket}`, lies: undefined };
  const serve = <Request, Response>(
    { path, request, response }: Method<Request, Response>,
    honest: (asked: Request) => object,
    lies: readonly Answer[],
  ) => {
    const encoded = (value: object) => Buffer.from(encodeProtobuf(response, value));
    const definition = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    server.addService(
      { call: definition },
      {
        call({ request: bytes }: { request: Buffer }, done: sendUnaryData<Buffer>) {
          const { lies: random } = plugin;
          const well = () => encoded(honest(decodeProtobuf(request, bytes)));
          if (!random || chance(random, 0.3)) return done(null, well());
          const share = random.next();
          if (share < 0.4) return done(null, encoded(pick(random, lies)(random)));
          if (share < 0.7) return done(null, Buffer.from(broken(well(), random)));
          if (share < 0.8) return done(null, noise(random, random.below(60)));
          return done({
            code: 1 + random.below(16),
            details: pick(random, ["", "x".repeat(3_000), "\u00fc\n"]),
          });
        },
      },
    );
  };
  serve(
    kmsStatus,
    () => ({ version: "v2", healthz: "ok", keyId: "a" }),
    ODD_STATUS.map((status) => () => status),
  );
  serve(
    kmsEncrypt,
    ({ plaintext }) => ({ ciphertext: turned(plaintext), keyId: "a", annotations: {} }),
    ODD_ENCRYPTED,
  );
  serve(kmsDecrypt, ({ ciphertext }) => ({ plaintext: turned(ciphertext) }), ODD_DECRYPTED);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  t.after(async () => {
    server.forceShutdown();
    await rm(directory, { recursive: true });
  });
  return plugin;
}

test("a plugin that lies about keys is refused, and forgiven when it is honest again", async (t) => {
  const plugin = await startPlugin(t);
  let sealedMeanwhile = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const clock = new VirtualClock();
    const random = seededRandom(seed);
    const provider = new KmsProvider({
      name: "liar",
      endpoint: plugin.endpoint,
      // It always answers, and the virtual clock does not wait for that.
      timeoutMs: 1e12,
      clock,
      random: seededRandom(seed + SEEDS),
      metrics: new EncryptionMetrics(),
      onRecovered: () => undefined,
    });
    try {
      plugin.lies = chance(random, 0.5) ? random : undefined;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await provider.start();
      plugin.lies = random;
      for (let step = 0; step < 4; step++) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await clock.advance(25_000);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await provider.problem();
        const sealed = sealedBy(provider);
        if (!sealed) continue;
        sealedMeanwhile++;
        // What it has sealed itself it can open again, whatever the plugin says by then.
        // oxlint-disable-next-line no-await-in-loop -- as above
        assert.deepEqual(
          Buffer.from((await provider.open(sealed, KEY)).bytes),
          Buffer.from(PLAIN),
          `seed ${seed}`,
        );
        // oxlint-disable-next-line no-await-in-loop -- as above
        await provider
          .open(broken(sealed, random), KEY)
          .catch((error: unknown) => assert.ok(error instanceof Error));
      }
      plugin.lies = undefined;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await clock.advance(120_000);
      // oxlint-disable-next-line no-await-in-loop -- as above
      assert.equal(await provider.problem(), undefined, `seed ${seed}`);
      assert.ok(sealedBy(provider), `seed ${seed}`);
    } finally {
      provider.close();
    }
  }
  // A plugin that never gets anything accepted tests nothing.
  assert.ok(sealedMeanwhile > SEEDS);
});

function sealedBy(provider: KmsProvider): Uint8Array | undefined {
  try {
    return provider.seal(PLAIN, KEY);
  } catch (error) {
    assert.match((error as Error).message, /has no key|expired at/);
    return undefined;
  }
}
