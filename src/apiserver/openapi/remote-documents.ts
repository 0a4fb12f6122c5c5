/**
 * What other servers say of their kinds. They are asked when somebody wants to know, and not again for a while; what
 * they said last counts as long as they do not answer.
 */
import type { Clock } from "#base/clock";
import { isObject } from "#machinery/patch/merge-patch";
import { encodeJson } from "#machinery/json";
import { hashOf, protobufOfV3 } from "#machinery/derive/openapi-v3";
import { notAcceptable, serviceUnavailable } from "#machinery/status";
import { userHeaders } from "../aggregation/front-proxy.ts";
import type { Remote } from "../aggregation/remote.ts";
import { bytesOf } from "../http/outgoing-request.ts";
import type { ResourceRows } from "../aggregation/remote-rows.ts";
import { causeText } from "../webhook-client/transport-errors.ts";
import { type Json, v3FromV2 } from "./v3-from-v2.ts";

export interface RemoteDocument {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** As upstream's aggregator calls itself when it reads documents. */
const READER = userHeaders({ name: "system:aggregator", groups: [] });
/** How long a document counts as what the server says now. */
const FRESH_MS = 60_000;
const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

interface Fetched {
  readonly status: number;
  readonly etag: string | undefined;
  readonly bytes: Buffer;
}

/** One document of one server. */
class Copy<T> {
  value: T | undefined;
  #etag: string | undefined;
  #readMs = -Infinity;
  #rows: ResourceRows | undefined;
  #reading: Promise<void> | undefined;
  readonly #fetch: (etag: string | undefined) => Promise<Fetched>;
  readonly #read: (bytes: Buffer | undefined) => T | undefined;

  /** `read` gets nothing where the server has no such document. */
  constructor(
    fetch: (etag: string | undefined) => Promise<Fetched>,
    read: (bytes: Buffer | undefined) => T | undefined,
  ) {
    this.#fetch = fetch;
    this.#read = read;
  }

  async get(remote: Remote, clock: Clock): Promise<T | undefined> {
    const isFresh = this.#rows === remote.rows && clock.monotonic() - this.#readMs < FRESH_MS;
    if (isFresh || !remote.available) return this.value;
    this.#reading ??= this.#again(remote, clock).finally(() => (this.#reading = undefined));
    await this.#reading;
    return this.value;
  }

  async #again(remote: Remote, clock: Clock): Promise<void> {
    this.#rows = remote.rows;
    this.#readMs = clock.monotonic();
    let fetched: Fetched;
    try {
      fetched = await this.#fetch(this.#etag);
    } catch {
      // Whether it answers is the business of its condition; here, what was known is as good as it gets.
      return;
    }
    const { status, etag, bytes } = fetched;
    if (status === 304) return;
    if (status === 200) this.value = this.#read(bytes);
    else if (status === 404) this.value = this.#read(undefined);
    this.#etag = status === 200 ? etag : undefined;
  }
}

type Index = ReadonlyMap<string, string>;

interface Copies {
  readonly v2: Copy<Json>;
  readonly index: Copy<Index>;
  /** Of the version, by the hash that the index gives. */
  document: RemoteDocument | undefined;
  protobuf: { readonly from: RemoteDocument; readonly document: RemoteDocument } | undefined;
  /** Made from the document of version 2. */
  converted: { readonly from: Json; readonly document: RemoteDocument } | undefined;
}

export class RemoteDocuments {
  readonly #clock: Clock;
  readonly #copies = new WeakMap<Remote, Copies>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All that the server serves, as OpenAPI 2. The same object as long as it says the same. */
  v2(remote: Remote): Promise<Json | undefined> {
    return this.#of(remote).v2.get(remote, this.#clock);
  }

  /** The hash of the OpenAPI 3 document of the version that is the server's. */
  async hash(remote: Remote): Promise<string | undefined> {
    const { index } = this.#of(remote);
    const listed = (await index.get(remote, this.#clock))?.get(`apis/${remote.group}/${remote.version}`);
    const hash = listed === undefined ? undefined : new URLSearchParams(listed.split("?")[1]).get("hash");
    return hash ?? (await this.#converted(remote))?.hash;
  }

  async v3(remote: Remote): Promise<RemoteDocument | undefined> {
    const copies = this.#of(remote);
    const place = `apis/${remote.group}/${remote.version}`;
    const listed = (await copies.index.get(remote, this.#clock))?.get(place);
    if (listed === undefined) return this.#converted(remote);
    const hash = (await this.hash(remote)) ?? "";
    if (copies.document?.hash === hash) return copies.document;
    try {
      const { status, bytes } = await this.#fetch(remote, `/openapi/v3/${place}`, undefined);
      if (status === 200) copies.document = { bytes, hash };
    } catch (cause) {
      if (!copies.document) throw serviceUnavailable(`error trying to reach service: ${causeText(cause)}`);
    }
    return copies.document;
  }

  /** The same in protobuf, made from what the server says in JSON. */
  async v3Protobuf(remote: Remote): Promise<RemoteDocument | undefined> {
    const copies = this.#of(remote);
    const from = await this.v3(remote);
    if (!from) return undefined;
    if (copies.protobuf?.from !== from) {
      copies.protobuf = { from, document: { bytes: protobufForm(from.bytes), hash: from.hash } };
    }
    return copies.protobuf.document;
  }

  /** For servers that know version 2 only. */
  async #converted(remote: Remote): Promise<RemoteDocument | undefined> {
    const copies = this.#of(remote);
    const from = await copies.v2.get(remote, this.#clock);
    if (!from) return undefined;
    if (copies.converted?.from !== from) {
      const bytes = encodeJson(v3FromV2(from, `/apis/${remote.group}/${remote.version}/`));
      copies.converted = { from, document: { bytes, hash: hashOf(bytes) } };
    }
    return copies.converted.document;
  }

  #of(remote: Remote): Copies {
    let copies = this.#copies.get(remote);
    if (!copies) {
      const from = (path: string) => (etag: string | undefined) => this.#fetch(remote, path, etag);
      copies = {
        v2: new Copy(from("/openapi/v2"), readV2),
        index: new Copy(from("/openapi/v3"), readIndex),
        document: undefined,
        protobuf: undefined,
        converted: undefined,
      };
      this.#copies.set(remote, copies);
    }
    return copies;
  }

  async #fetch(remote: Remote, path: string, etag: string | undefined): Promise<Fetched> {
    const ended = new AbortController();
    const cancel = this.#clock.after(ANSWER_MS_MAX, () => ended.abort());
    const headers = {
      ...READER,
      accept: "application/json",
      ...(etag === undefined ? {} : { "if-none-match": etag }),
    };
    try {
      const response = await remote.ask({ method: "GET", path, headers, signal: ended.signal });
      const bytes = await bytesOf(response, ANSWER_BYTES_MAX);
      return { status: response.statusCode ?? 0, etag: response.headers.etag, bytes };
    } finally {
      cancel();
    }
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function readV2(bytes: Buffer | undefined): Json | undefined {
  const document = bytes && parsed(bytes);
  return isObject(document) && document.swagger === "2.0" ? document : undefined;
}

function readIndex(bytes: Buffer | undefined): Index | undefined {
  const index = bytes && parsed(bytes);
  if (!isObject(index) || !isObject(index.paths)) return undefined;
  const rows = Object.entries(index.paths).flatMap(([path, row]): [string, string][] =>
    isObject(row) && typeof row.serverRelativeURL === "string" ? [[path, row.serverRelativeURL]] : [],
  );
  return new Map(rows);
}

/** Other servers may say a number where a text belongs: such a document has no form but its own. */
function protobufForm(json: Uint8Array): Uint8Array {
  try {
    return protobufOfV3(json);
  } catch {
    throw notAcceptable(
      "the document of the extension server does not have the types of OpenAPI: ask for JSON",
    );
  }
}
