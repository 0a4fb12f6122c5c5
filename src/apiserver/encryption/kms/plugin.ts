import { type Clock } from "#base/clock";
import { type Random, uuid } from "#base/random";
import type { Connection } from "#store/etcd/connection";
import type { Method } from "#store/etcd/method";
import type { Wire } from "#machinery/schema";
import type { EncryptionMetrics } from "../metrics.ts";
import { kmsDecrypt, kmsEncrypt, kmsStatus } from "./protocol.ts";

export interface PluginOptions {
  readonly name: string;
  /** `unix:///run/kms.sock`; `unix:///@name` is of Linux' abstract names. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: EncryptionMetrics;
}

/** Something that only the plugin can open again. */
export interface Wrapped {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  /** Bytes in base64. */
  readonly annotations: Readonly<Record<string, string>>;
}

const KEY_ID_BYTES_MAX = 1024;
const CIPHERTEXT_BYTES_MAX = 1024;
const ANNOTATIONS_BYTES_MAX = 32 * 1024;
const ANNOTATION_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;

/** A key management plugin behind its socket. Its answers are checked before anything is built on them. */
export class KmsPlugin {
  readonly #options: PluginOptions;
  #connection: Promise<Connection> | undefined;

  constructor(options: PluginOptions) {
    this.#options = options;
  }

  /** The id of the key that the plugin uses now. Throws where it is not well. */
  async keyId(): Promise<string> {
    const { version, healthz, keyId } = await this.#call("Status", kmsStatus, {});
    if (healthz !== "ok") throw new Error(`unexpected status: ${JSON.stringify(healthz)}`);
    if (version !== "v2" && version !== "v2beta1")
      throw new Error(`unsupported KMS API version ${JSON.stringify(version)}, must be v2 or v2beta1`);
    checkKeyId(keyId);
    return keyId;
  }

  async wrap(plaintext: Uint8Array): Promise<Wrapped> {
    const uid = uuid(this.#options.random);
    const { ciphertext, keyId, annotations } = await this.#call("Encrypt", kmsEncrypt, { plaintext, uid });
    checkKeyId(keyId);
    if (ciphertext.length === 0 || ciphertext.length > CIPHERTEXT_BYTES_MAX)
      throw new Error(
        `the plugin made ${ciphertext.length} bytes of a key, 1 to ${CIPHERTEXT_BYTES_MAX} may be`,
      );
    checkAnnotations(annotations);
    return { ciphertext, keyId, annotations };
  }

  async unwrap({ ciphertext, keyId, annotations }: Wrapped): Promise<Uint8Array> {
    const uid = uuid(this.#options.random);
    const answer = await this.#call("Decrypt", kmsDecrypt, { ciphertext, uid, keyId, annotations });
    return answer.plaintext;
  }

  close(): void {
    void this.#connection?.then((connection) => connection.close());
  }

  /** gRPC is large, and only plugins and etcd speak it: it is loaded with the first call. */
  async #connect(): Promise<Connection> {
    const { Connection } = await import("#store/etcd/connection");
    return new Connection({ endpoints: [targetOf(this.#options.endpoint)] });
  }

  async #call<Request, Response>(
    name: string,
    method: Method<Request, Response>,
    message: Wire<Request>,
  ): Promise<Response> {
    const { clock, timeoutMs, metrics } = this.#options;
    const limit = new AbortController();
    const late = new Error(`the KMS plugin did not answer ${name} within ${timeoutMs} ms`);
    const cancel = clock.after(timeoutMs, () => limit.abort(late));
    const begun = clock.monotonic();
    let code = "OK";
    try {
      const connection = await (this.#connection ??= this.#connect());
      return await connection.call(method, message, limit.signal);
    } catch (error) {
      code = limit.signal.aborted ? "DeadlineExceeded" : "Unknown";
      throw error;
    } finally {
      cancel();
      metrics.kmsCalled(this.#options.name, name, code, clock.monotonic() - begun);
    }
  }
}

function checkKeyId(keyId: string): void {
  const size = Buffer.byteLength(keyId);
  if (size === 0) throw new Error("keyID is empty");
  if (size > KEY_ID_BYTES_MAX)
    throw new Error(`keyID is ${size} bytes, which exceeds the max size of ${KEY_ID_BYTES_MAX}`);
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  let size = 0;
  for (const [name, value] of Object.entries(annotations)) {
    if (!ANNOTATION_NAME.test(name))
      throw new Error(
        `annotation ${JSON.stringify(name)}: should be a domain with at least two segments separated by dots`,
      );
    size += name.length + Buffer.byteLength(value, "base64");
  }
  if (size > ANNOTATIONS_BYTES_MAX)
    throw new Error(
      `total size of annotations is ${size}, which exceeds the max size of ${ANNOTATIONS_BYTES_MAX}`,
    );
}

/** As gRPC names a socket. */
function targetOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/i, "");
  return path.startsWith("/@") ? `unix-abstract:${path.slice(2)}` : `unix:${path}`;
}
