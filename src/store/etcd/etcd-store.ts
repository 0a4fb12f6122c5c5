import { status as GrpcStatus } from "@grpc/grpc-js";
import { systemRandom, type Random } from "#base/random";
import { checkCommit } from "../request.ts";
import {
  Compacted,
  FutureRevision,
  InvalidRequest,
  LeaseNotFound,
  NoSpace,
  StoreClosed,
  StoreOverloaded,
  StoreUnavailable,
  TooLarge,
  type Change,
  type CommitResult,
  type Guard,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
  type Store,
  type WatchBatch,
  type WatchOptions,
} from "../store.ts";
import { Connection, type EtcdTarget } from "./connection.ts";
import { entryOf, EtcdWatch } from "./etcd-watch.ts";
import * as protocol from "./protocol.ts";
import { SharedRead } from "./shared-read.ts";

export interface EtcdStoreOptions extends EtcdTarget {
  /** Names leases. */
  readonly random?: Random;
}

/** Nothing is under it: only the revision is asked for. */
const NO_KEY = "\x01";
/** As the first key and as the end. */
const EVERY_KEY = new Uint8Array(1);

/** Opens etcd v3 as a store. Its keys are etcd's own, so etcd's tools see what the store sees. */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const connection = new Connection(options);
  try {
    const { header, version } = await connection.call(protocol.status, {});
    return new EtcdStore(connection, header?.revision ?? 0, version, options.random ?? systemRandom);
  } catch (error) {
    connection.close();
    throw error;
  }
}

class EtcdStore implements Store {
  readonly #connection: Connection;
  readonly #random: Random;
  readonly #progressIsTrue: boolean;
  readonly #watches = new Map<EtcdWatch, () => void>();
  readonly isShared = true;
  readonly #latest = new SharedRead(() => this.#readRevision());
  #revision: number;
  #closed = false;

  constructor(connection: Connection, revision: number, version: string, random: Random) {
    this.#connection = connection;
    this.#revision = revision;
    this.#progressIsTrue = tellsProgressTruly(version);
    this.#random = random;
  }

  /** The newest that any answer has told. */
  get revision(): number {
    return this.#revision;
  }

  latest(): Promise<number> {
    return this.#latest.read();
  }

  async get(key: string, { revision, signal }: ReadOptions = {}) {
    const answer = await this.#call(protocol.range, { key: bytesOf(key), revision }, signal);
    const kv = answer.kvs[0];
    return { revision: this.#revision, entry: kv && entryOf(kv) };
  }

  async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { limit, keysOnly, revision, signal } = options;
    const request = { key: bytesOf(start || "\0"), rangeEnd: bytesOf(end), limit, keysOnly, revision };
    const { kvs, count, header } = await this.#call(protocol.range, request, signal);
    return { revision: header?.revision ?? this.#revision, entries: kvs.map(entryOf), count };
  }

  async commit(guards: readonly Guard[], changes: readonly Change[]): Promise<CommitResult> {
    checkCommit(guards, changes);
    const compare = guards.map(({ key, modRevision }) => ({
      target: protocol.COMPARE_MOD,
      key: bytesOf(key),
      modRevision,
    }));
    const failure = guards.map(({ key }) => ({ range: { key: bytesOf(key) } }));
    const request = { compare, success: changes.map(requestOf), failure };
    const { succeeded, header, responses } = await this.#call(protocol.txn, request);
    const revision = header?.revision ?? this.#revision;
    if (succeeded) return { succeeded, revision };
    const entries = responses.map(({ range }) => range?.kvs[0] && entryOf(range.kvs[0]));
    return { succeeded: false, revision, entries };
  }

  watch(start: string, end: string, options: WatchOptions): AsyncIterable<WatchBatch> {
    return { [Symbol.asyncIterator]: () => this.#watch(start, end, options) };
  }

  /** etcd before 3.4.25 and 3.5.8 may tell progress before the events it is about, so there it is not asked. */
  requestProgress(): void {
    if (this.#progressIsTrue) for (const ask of this.#watches.values()) ask();
  }

  async sizeBytes({ signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return (await this.#call(protocol.status, {}, signal)).dbSize;
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#call(protocol.compact, { revision });
    } catch (error) {
      if (!(error instanceof Compacted)) throw error;
    }
  }

  async grantLease(ttlSeconds: number): Promise<number> {
    const [high = 0, low = 0] = new Uint32Array(this.#random.bytes(8).slice().buffer);
    const id = (high % 2 ** 20) * 2 ** 32 + low + 1;
    await this.#call(protocol.leaseGrant, { ttl: ttlSeconds, id });
    return id;
  }

  async renewLease(lease: number): Promise<void> {
    const stream = this.#connection.stream(protocol.leaseKeepAlive);
    try {
      const answer = new Promise<{ readonly ttl: number }>((resolve, reject) => {
        stream.on("data", resolve);
        stream.on("error", (error) => reject(translated(error, lease)));
      });
      stream.write({ id: lease });
      if ((await answer).ttl <= 0) throw new LeaseNotFound(lease);
    } finally {
      stream.cancel();
    }
  }

  async revokeLease(lease: number): Promise<void> {
    await this.#call(protocol.leaseRevoke, { id: lease }, undefined, lease);
  }

  /** The database as etcd's own tools read it, with its checksum behind it. */
  async *snapshot({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#closed) throw new StoreClosed("the store is closed");
    const answers = this.#connection.answers(protocol.snapshot, {});
    const abort = () => answers.cancel();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      for await (const { blob } of answers as AsyncIterable<{ readonly blob: Uint8Array }>) yield blob;
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
      answers.cancel();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches.keys()) watch.end();
    this.#connection.close();
  }

  /** Answered by a majority of the members, so that nothing acknowledged is newer. */
  async #readRevision(): Promise<number> {
    const { header } = await this.#call(protocol.range, { key: bytesOf(NO_KEY), countOnly: true });
    return header?.revision ?? this.#revision;
  }

  /** Where progress is not told truly, every revision is watched, so that a quiet range is heard of as well. */
  #watch(start: string, end: string, { afterRevision, signal }: WatchOptions): EtcdWatch {
    const stream = this.#connection.stream(protocol.watch);
    const [key, rangeEnd] = this.#progressIsTrue ? [bytesOf(start), bytesOf(end)] : [EVERY_KEY, EVERY_KEY];
    const abort = () => watch.end();
    const watch: EtcdWatch = new EtcdWatch(stream, { start, end }, () => {
      this.#watches.delete(watch);
      signal.removeEventListener("abort", abort);
    });
    this.#watches.set(watch, () => stream.write({ progress: {} }));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted || this.#closed) watch.end();
    else
      stream.write({
        create: {
          key,
          rangeEnd,
          startRevision: afterRevision + 1,
        },
      });
    return watch;
  }

  async #call<Request, Response extends object>(
    method: Parameters<typeof Connection.prototype.call<Request, Response>>[0],
    message: Parameters<typeof Connection.prototype.call<Request, Response>>[1],
    signal?: AbortSignal,
    lease = 0,
  ): Promise<Response> {
    signal?.throwIfAborted();
    if (this.#closed) throw new StoreClosed("the store is closed");
    try {
      const answer = await this.#connection.call(method, message, signal);
      const { header } = answer as { readonly header?: { readonly revision: number } };
      this.#revision = Math.max(this.#revision, header?.revision ?? 0);
      return answer;
    } catch (error) {
      throw translated(error, lease);
    }
  }
}

function requestOf(change: Change) {
  const key = bytesOf(change.key);
  if (change.type === "delete") return { deleteRange: { key } };
  return { put: { key, value: change.value, lease: change.lease ?? 0 } };
}

const bytesOf = (key: string): Uint8Array => Buffer.from(key, "latin1");

/** etcd gives several errors one code and tells them apart in words only. */
function translated(thrown: unknown, lease: number): unknown {
  const { code, details = "" } = thrown as { readonly code?: number; readonly details?: string };
  if (code === GrpcStatus.OUT_OF_RANGE && details.includes("compacted")) return new Compacted(0);
  if (code === GrpcStatus.OUT_OF_RANGE && details.includes("future")) return new FutureRevision(details);
  if (code === GrpcStatus.NOT_FOUND && details.includes("lease")) return new LeaseNotFound(lease);
  if (code === GrpcStatus.INVALID_ARGUMENT)
    return details.includes("too large") ? new TooLarge(details) : new InvalidRequest(details);
  if (code === GrpcStatus.RESOURCE_EXHAUSTED) {
    return details.includes("space") ? new NoSpace(details) : new StoreOverloaded(details);
  }
  if (code === GrpcStatus.UNAVAILABLE || code === GrpcStatus.DEADLINE_EXCEEDED) {
    return new StoreUnavailable(`etcd does not answer: ${details}`, { cause: thrown });
  }
  return thrown;
}

function tellsProgressTruly(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  if (major !== 3) return major > 3;
  return minor > 5 || (minor === 5 && patch >= 8) || (minor === 4 && patch >= 25);
}
