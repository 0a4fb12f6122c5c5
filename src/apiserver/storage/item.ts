import { assert } from "#base/assert";
import { parseJson, stringifyJson } from "#machinery/json";
import type { Reference } from "#client/transport";
import type { AnyObject } from "#machinery/schema";
import { laterMember } from "./peek.ts";
import type { RecentObjects } from "./recent-objects.ts";

const UID = Buffer.from('"uid":"');
const METADATA = Buffer.from('"metadata":');
const QUOTE = 0x22;

/**
 * One object as stored: canonical JSON without resourceVersion. What clients see has the store's revision spliced
 * in behind the uid, so an object is encoded once, when it is written, and never again.
 */
export class Item<T extends AnyObject = AnyObject> implements Reference<T> {
  readonly key: string;
  readonly revision: number;
  readonly stored: Buffer;
  /** The value of the indexed field under which a cache has it, so that this need not be looked for again. */
  foundBy: string | undefined;
  /** Where the resourceVersion belongs; 0 when the object has no uid. */
  readonly #spliceAt: number;
  #parsed: WeakRef<T> | undefined;
  #lean: WeakRef<T> | undefined;
  #recent: RecentObjects | undefined;
  #notedIn = 0;

  constructor(key: string, revision: number, stored: Uint8Array, object?: T) {
    this.key = key;
    this.revision = revision;
    this.stored = Buffer.isBuffer(stored)
      ? stored
      : Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    this.#spliceAt = spliceOffset(this.stored);
    if (object) this.#parsed = new WeakRef(object);
  }

  /** The object with its resourceVersion; shared by everyone. Parsed when asked for, forgotten when nobody holds it. */
  get object(): T {
    return this.#parsed?.deref() ?? this.#parse();
  }

  /** Its object is held among these while it is in use. */
  joins(recent: RecentObjects): void {
    this.#recent = recent;
  }

  /**
   * The object without its managed fields, which are a third of it and which nobody needs who reads many objects in
   * process. An update without them leaves them as they are. Shared as `object`, and held for a while.
   */
  open(): T {
    const lean = this.#lean?.deref() ?? this.#rememberLean();
    const recent = this.#recent;
    if (recent && this.#notedIn !== recent.turn) {
      this.#notedIn = recent.turn;
      recent.note(lean);
    }
    return lean;
  }

  /** As `open`, and not held: shared only while somebody else holds it. */
  glance(): T {
    return this.#lean?.deref() ?? this.#makeLean();
  }

  /** Another state has taken its place. */
  replaced(): void {
    const lean = this.#lean?.deref();
    if (lean) this.#recent?.drop(lean);
    this.#recent = undefined;
  }

  /** Bytes of the object as served. */
  get servedLength(): number {
    return this.stored.length + this.#splice().length;
  }

  /** The object as served. */
  served(): Buffer {
    const target = Buffer.allocUnsafe(this.servedLength);
    this.write(target, 0, 0);
    return target;
  }

  /** Writes the object as served, without its first `skip` bytes. Gives the place behind it. */
  write(target: Buffer, at: number, skip: number): number {
    if (this.#spliceAt === 0) return at + this.stored.copy(target, at, skip);
    const splice = this.#splice();
    let end = at + this.stored.copy(target, at, skip, this.#spliceAt);
    end += target.write(splice, end, "latin1");
    return end + this.stored.copy(target, end, this.#spliceAt);
  }

  /** Bytes of `{"kind":…,"apiVersion":…,` before the metadata: items of a list are served without them. */
  typeLength(): number {
    return this.stored.indexOf(METADATA);
  }

  #splice(): string {
    return this.#spliceAt === 0 ? "" : `,"resourceVersion":"${this.revision}"`;
  }

  #rememberLean(): T {
    const lean = this.#makeLean();
    this.#lean = new WeakRef(lean);
    return lean;
  }

  #makeLean(): T {
    const whole = this.#parsed?.deref();
    return whole ? withoutManagedFields(whole) : this.#parseLean();
  }

  #parseLean(): T {
    const cut = this.#spliceAt === 0 ? undefined : laterMember(this.stored, this.#spliceAt, "managedFields");
    if (!cut) return withoutManagedFields(this.object);
    const text = (from: number, to?: number) => this.stored.toString("utf8", from, to);
    const { start, end } = cut;
    return parseJson(text(0, this.#spliceAt) + this.#splice() + text(this.#spliceAt, start) + text(end)) as T;
  }

  #parse(): T {
    const object = parseJson(this.served().toString("utf8")) as T;
    this.#parsed = new WeakRef(object);
    return object;
  }
}

function withoutManagedFields<T extends AnyObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata;
  return managedFields === undefined ? object : { ...object, metadata };
}

/** Behind the closing quote of `metadata.uid`: names before it cannot hold a bare quote, so the first hit is it. */
function spliceOffset(stored: Buffer): number {
  const at = stored.indexOf(UID);
  return at < 0 ? 0 : stored.indexOf(QUOTE, at + UID.length) + 1;
}

/** The bytes to store: everything but the resourceVersion. Keys must already be in canonical order. */
export function encodeStored(object: AnyObject): Buffer {
  assert(object.metadata.uid, `${object.kind} without a uid`);
  const { resourceVersion: _, ...metadata } = object.metadata;
  const text = stringifyJson({ ...object, metadata });
  // Memory of its own: a slice of Node's shared pool would keep the garbage beside it alive as long as the object.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** The object under another revision; all else is shared. */
export function withRevision<T extends AnyObject>(object: T, revision: number): T {
  const metadata: Record<string, unknown> = {};
  const { resourceVersion: _, ...rest } = object.metadata;
  for (const [name, value] of Object.entries(rest)) {
    metadata[name] = value;
    if (name === "uid") metadata.resourceVersion = String(revision);
  }
  return { ...object, metadata };
}
