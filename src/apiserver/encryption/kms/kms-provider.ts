import { createHash } from "node:crypto";
import { asError } from "#base/attempt";
import { type Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import { formatTime } from "#machinery/time";
import { BoundedMap } from "../../authentication/bounded-map.ts";
import { aesGcm } from "../aes-gcm.ts";
import type { EncryptionMetrics } from "../metrics.ts";
import { type Opened, type Provider, SealBroken, type Transformer } from "../transformer.ts";
import { KmsPlugin, type Wrapped } from "./plugin.ts";
import { EncryptedObject, SOURCE_IS_KEY, SOURCE_IS_SEED } from "./protocol.ts";
import { SEED_BYTES, seedCipher } from "./seed-cipher.ts";

const log = logger("apiserver.encryption.kms");

export interface KmsOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: EncryptionMetrics;
  /** Values that could not be read may be readable now. */
  readonly onRecovered: () => void;
}

/** The plugin is asked for the id of its key this often: there is no event for it. */
const PROBE_MS = 60_000;
const PROBE_FAILED_MS = 10_000;
/** An answer about health is good for this long. */
const HEALTHY_MS = 20_000;
const UNHEALTHY_MS = 3_000;
/** A key that the plugin has not confirmed for this long writes no more. */
const CONFIRMED_MS = 3 * 60_000;
const SOURCES_MAX = 1_000;

/** What new values are encrypted with. */
interface Writing {
  readonly cipher: Transformer;
  readonly wrapped: Wrapped;
}

/**
 * Encrypts with a seed made here, which the plugin wraps once, and again whenever its own key changes. So neither writes nor
 * most reads wait for it.
 */
export class KmsProvider implements Provider {
  readonly prefix: string;
  readonly #options: KmsOptions;
  readonly #plugin: KmsPlugin;
  /** Opened sources of keys, by what the plugin made of them. */
  readonly #sources = new BoundedMap<string, Promise<Transformer>>(SOURCES_MAX);
  #writing: Writing | undefined;
  #confirmedUntil = 0;
  #problem: Error | undefined = new Error("the KMS plugin has not been asked yet");
  #probedAt = 0;
  #probing: Promise<void> | undefined;
  #cancelProbe: () => void = () => undefined;
  /** A value could not be opened since the plugin was well last. */
  #missed = false;
  #closed = false;

  constructor(options: KmsOptions) {
    this.#options = options;
    this.#plugin = new KmsPlugin(options);
    this.prefix = `k8s:enc:kms:v2:${options.name}:`;
  }

  /** Asks for the first key, and goes on asking. A plugin that is not well yet is no failure. */
  async start(): Promise<void> {
    await this.#probe();
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#cancelProbe();
    this.#plugin.close();
  }

  /** What is not well; undefined when all is. */
  async problem(): Promise<string | undefined> {
    const age = this.#options.clock.monotonic() - this.#probedAt;
    if (age > (this.#problem ? UNHEALTHY_MS : HEALTHY_MS)) await this.#probe();
    return this.#problem?.message;
  }

  seal(plain: Uint8Array, key: string): Uint8Array {
    const { clock, metrics, name } = this.#options;
    if (!this.#writing) throw new Error(`KMS provider ${name} has no key: ${this.#problem?.message}`);
    const { cipher, wrapped } = this.#writing;
    if (clock.now() > this.#confirmedUntil) {
      const [until, now] = [formatTime(this.#confirmedUntil), formatTime(clock.now())];
      throw new Error(
        `EDEK with keyID hash ${JSON.stringify(hashOf(wrapped.keyId))} expired at ${until} (current time is ${now})`,
      );
    }
    metrics.keyUsed("to_storage", name, hashOf(wrapped.keyId));
    return encodeProtobuf(EncryptedObject, {
      encryptedData: cipher.seal(plain, key),
      keyId: wrapped.keyId,
      encryptedDekSource: wrapped.ciphertext,
      annotations: wrapped.annotations,
      encryptedDekSourceType: SOURCE_IS_SEED,
    });
  }

  async open(sealed: Uint8Array, key: string): Promise<Opened> {
    const { metrics, name } = this.#options;
    const object = decodedObject(sealed);
    const { keyId, encryptedDekSourceType: type } = object;
    metrics.keyUsed("from_storage", name, hashOf(keyId));
    const cipher = await this.#source(object);
    const { bytes } = await cipher.open(object.encryptedData, key);
    const current = this.#writing?.wrapped.keyId;
    return { bytes, stale: (current !== undefined && current !== keyId) || type !== SOURCE_IS_SEED };
  }

  /** Values share few sources, and many ask for one at a time. */
  #source(object: EncryptedObject): Promise<Transformer> {
    const id = sourceId(object);
    const known = this.#sources.get(id);
    if (known) return known;
    const opening = this.#unwrap(object);
    this.#sources.set(id, opening);
    opening.catch(() => {
      this.#missed = true;
      this.#sources.delete(id);
    });
    return opening;
  }

  async #unwrap({ encryptedDekSource, keyId, annotations, encryptedDekSourceType }: EncryptedObject) {
    const source = await this.#plugin
      .unwrap({ ciphertext: encryptedDekSource, keyId, annotations })
      .catch((error: unknown) => {
        throw new Error(`failed to decrypt DEK, error: ${asError(error).message}`, { cause: error });
      });
    const { random } = this.#options;
    if (encryptedDekSourceType === SOURCE_IS_KEY) return aesGcm(source, random);
    if (source.length < SEED_BYTES)
      throw new SealBroken(`invalid seed length ${source.length} used for key generation`);
    return seedCipher(source, random);
  }

  #schedule(): void {
    if (this.#closed) return;
    const wait = this.#problem ? PROBE_FAILED_MS : PROBE_MS;
    this.#cancelProbe = this.#options.clock.after(wait, () => {
      void this.#probe().then(() => this.#schedule());
    });
  }

  #probe(): Promise<void> {
    this.#probing ??= this.#probeOnce().finally(() => (this.#probing = undefined));
    return this.#probing;
  }

  async #probeOnce(): Promise<void> {
    const { name, clock } = this.#options;
    try {
      const keyId = await this.#plugin.keyId();
      if (this.#writing?.wrapped.keyId !== keyId) this.#writing = await this.#newSeed();
      this.#confirmedUntil = clock.now() + CONFIRMED_MS;
      this.#problem = undefined;
    } catch (error) {
      this.#problem = asError(error);
      if (!this.#closed) log.error("the KMS plugin is not well", { provider: name, error });
    }
    this.#probedAt = clock.monotonic();
    if (this.#problem || !this.#missed) return;
    this.#missed = false;
    this.#options.onRecovered();
  }

  async #newSeed(): Promise<Writing> {
    const { name, random, metrics } = this.#options;
    const seed = random.bytes(SEED_BYTES);
    const wrapped = await this.#plugin.wrap(seed);
    const cipher = seedCipher(seed, random);
    // What this server writes, it can read without asking.
    const id = sourceId({
      encryptedDekSource: wrapped.ciphertext,
      keyId: wrapped.keyId,
      annotations: wrapped.annotations,
      encryptedDekSourceType: SOURCE_IS_SEED,
    });
    this.#sources.set(id, Promise.resolve(cipher));
    metrics.keyGenerated();
    log.info("new values are encrypted under another key of the KMS plugin", {
      provider: name,
      keyIdHash: hashOf(wrapped.keyId),
    });
    return { cipher, wrapped };
  }
}

function decodedObject(sealed: Uint8Array): EncryptedObject {
  let object: EncryptedObject;
  try {
    object = decodeProtobuf<EncryptedObject>(EncryptedObject, sealed);
  } catch (error) {
    throw new SealBroken("failed to unmarshal encrypted object", { cause: error });
  }
  if (object.encryptedData.length === 0) throw new SealBroken("encrypted data is empty");
  if (object.encryptedDekSource.length === 0) throw new SealBroken("encrypted DEK source is empty");
  if (object.keyId === "") throw new SealBroken("keyID is empty");
  if (object.encryptedDekSourceType > SOURCE_IS_SEED)
    throw new SealBroken(`unknown encryptedDEKSourceType: ${object.encryptedDekSourceType}`);
  return object;
}

type Source = Omit<EncryptedObject, "encryptedData">;

function sourceId({ encryptedDekSource, keyId, annotations, encryptedDekSourceType }: Source): string {
  const sorted = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(
      JSON.stringify([
        Buffer.from(encryptedDekSource).toString("base64"),
        keyId,
        encryptedDekSourceType,
        sorted,
      ]),
    )
    .digest("base64");
}

/** Ids of keys may tell more than a log should know. */
const hashOf = (keyId: string): string =>
  keyId === "" ? "" : `sha256:${createHash("sha256").update(keyId).digest("hex")}`;
