import { createHash } from "node:crypto";
import { listSchema, schemaForKind } from "#api/registry";
import type { Clock } from "#base/clock";
import { OPENAPI_V2_PROTOBUF, OpenApiV2, openApiV2 } from "#machinery/derive/openapi-v2";
import { encodeOpenApiV2 } from "#machinery/derive/openapi-v2-protobuf";
import { OPENAPI_V3_PROTOBUF, OpenApiV3 } from "#machinery/derive/openapi-v3";
import { encodeJson } from "#machinery/json";
import { noSuchResource, notAcceptable } from "#machinery/status";
import type { Aggregation } from "../aggregation/aggregation.ts";
import type { Headers } from "../http/exchange.ts";
import { clausesOf } from "../negotiation/accept.ts";
import { COMPRESSED_BYTES_MIN, compressed, takesGzip } from "../negotiation/compress.ts";
import type { PathHandler, PathRequest } from "../request/handlers.ts";
import type { ResourceSet } from "../resource-set.ts";
import { GIT_VERSION } from "../version.ts";
import { mergedV2, type OtherV2 } from "./merged-v2.ts";
import { type RemoteDocument, RemoteDocuments } from "./remote-documents.ts";

const V3 = "/openapi/v3";
const JSON_TYPE = "application/json";

/** What each type that a client may ask for is answered with. */
type Types = ReadonlyMap<string, string>;

/** Clients ask with an `@` in the name or with a dot; in an answer there may be no `@`. */
function typesWith(protobuf: string): Types {
  const answer = protobuf.replace("@", ".");
  return new Map([
    ...[JSON_TYPE, "application/*", "*/*"].map((type) => [type, JSON_TYPE] as const),
    [protobuf, answer],
    [answer, answer],
  ]);
}

const V2_TYPES = typesWith(OPENAPI_V2_PROTOBUF);
const V3_TYPES = typesWith(OPENAPI_V3_PROTOBUF);

const YEAR_MS = 365 * 24 * 3600 * 1000;
const OPTIONS = { version: GIT_VERSION, schemaForKind, listSchema };

/** The documents of version 2 that have been made, for what they were made of. */
interface MergedV2 {
  readonly of: readonly OtherV2[];
  readonly json: Uint8Array;
  protobuf: Uint8Array | undefined;
  readonly document: ReturnType<typeof mergedV2>;
}

export interface OpenApiOptions {
  readonly kinds: ResourceSet;
  readonly aggregation: Aggregation;
  readonly clock: Clock;
}

/** `/openapi/v2` and `/openapi/v3`: what all kinds look like. Made when first asked for, and for each set of kinds. */
export class OpenApi {
  readonly #kinds: ResourceSet;
  readonly #aggregation: Aggregation;
  readonly #clock: Clock;
  readonly #remote: RemoteDocuments;
  #madeFor = -1;
  #v2!: OpenApiV2;
  #v3: OpenApiV3 | undefined;
  #merged: MergedV2 | undefined;

  constructor({ kinds, aggregation, clock }: OpenApiOptions) {
    this.#kinds = kinds;
    this.#aggregation = aggregation;
    this.#clock = clock;
    this.#remote = new RemoteDocuments(clock);
  }

  readonly v2: PathHandler = async (request) => {
    const type = typeFor(request, V2_TYPES);
    const others = await this.#othersV2();
    this.#refresh();
    const isProtobuf = type !== JSON_TYPE;
    if (others.length === 0) {
      return this.#send(request, isProtobuf ? this.#v2.protobuf() : this.#v2.json().bytes, type);
    }
    const merged = this.#mergedWith(others);
    if (!isProtobuf) return this.#send(request, merged.json, type);
    merged.protobuf ??= encodeOpenApiV2(merged.document);
    return this.#send(request, merged.protobuf, type);
  };

  readonly v3: PathHandler = async (request) => {
    const path = request.exchange.path.slice(V3.length + 1).replace(/\/$/, "");
    if (path === "") return this.#send(request, await this.#index(), JSON_TYPE);
    const type = typeFor(request, V3_TYPES);
    const document = await this.#document(path, type !== JSON_TYPE);
    if (!document) throw noSuchResource();
    const { bytes, hash } = document;
    const asked = request.info.query.get("hash") ?? "";
    // Whoever asks for what was there before learns where to find what is there now.
    if (asked !== "" && asked !== hash) {
      const location = `${V3}/${path}?hash=${encodeURIComponent(hash)}`;
      return request.exchange.reply(301, { ...request.headers, location }, undefined);
    }
    return this.#send(request, bytes, type, hash);
  };

  async #othersV2(): Promise<OtherV2[]> {
    const remotes = [...this.#aggregation.remotes];
    return Promise.all(
      remotes.map(async (remote) => ({
        prefix: `/apis/${remote.group}/${remote.version}/`,
        document: await this.#remote.v2(remote),
      })),
    );
  }

  #mergedWith(others: readonly OtherV2[]): MergedV2 {
    const known = this.#merged;
    const same =
      known?.of.length === others.length &&
      others.every(
        ({ prefix, document }, at) => prefix === known.of[at]?.prefix && document === known.of[at]?.document,
      );
    if (known && same) return known;
    const own = openApiV2(
      Array.from(this.#kinds, ({ resource }) => resource),
      OPTIONS,
    );
    const document = mergedV2(own, others);
    this.#merged = { of: others, json: encodeJson(document), protobuf: undefined, document };
    return this.#merged;
  }

  async #index(): Promise<Uint8Array> {
    const remotes = [...this.#aggregation.remotes];
    if (remotes.length === 0) {
      this.#refresh();
      return this.#v3!.index();
    }
    const hashes = await Promise.all(
      remotes.map(async (remote) => ({
        path: `apis/${remote.group}/${remote.version}`,
        hash: await this.#remote.hash(remote),
      })),
    );
    this.#refresh();
    const rows = new Map(Object.entries(this.#v3!.addresses()));
    for (const { path, hash } of hashes) {
      if (hash === undefined) rows.delete(path);
      else rows.set(path, { serverRelativeURL: `${V3}/${path}?hash=${encodeURIComponent(hash)}` });
    }
    const paths = Object.fromEntries([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return encodeJson({ paths });
  }

  #document(
    path: string,
    isProtobuf: boolean,
  ): Promise<RemoteDocument | undefined> | RemoteDocument | undefined {
    const [root, group = "", version = "", ...rest] = path.split("/");
    const remote =
      root === "apis" && rest.length === 0 ? this.#aggregation.remote(group, version) : undefined;
    if (remote) return isProtobuf ? this.#remote.v3Protobuf(remote) : this.#remote.v3(remote);
    this.#refresh();
    return isProtobuf ? this.#v3!.protobuf(path) : this.#v3!.document(path);
  }

  #refresh(): void {
    if (this.#madeFor === this.#kinds.version) return;
    this.#madeFor = this.#kinds.version;
    const resources = Array.from(this.#kinds, ({ resource }) => resource);
    this.#v2 = new OpenApiV2(resources, OPTIONS);
    this.#v3 = new OpenApiV3(resources, OPTIONS, this.#v3);
    this.#merged = undefined;
  }

  /** A client that has this version already gets no body; one that named its hash may keep it for ever. */
  async #send(
    { exchange, info, headers }: PathRequest,
    bytes: Uint8Array,
    type: string,
    hash?: string,
  ): Promise<void> {
    const etag = `"${hash ?? createHash("sha512").update(bytes).digest("hex").toUpperCase()}"`;
    const isNamed = hash !== undefined && info.query.get("hash") === hash;
    const expires = isNamed ? new Date(this.#clock.now() + YEAR_MS).toUTCString() : "";
    const cached: Headers = isNamed ? { "cache-control": "public, immutable", expires } : {};
    const all: Headers = {
      ...headers,
      ...cached,
      etag,
      vary: "Accept, Accept-Encoding",
      "content-type": type,
    };
    if (exchange.header("if-none-match") === etag) return exchange.reply(304, all, undefined);
    if (bytes.length < COMPRESSED_BYTES_MIN || !takesGzip(exchange.header("accept-encoding"))) {
      return exchange.reply(200, all, bytes);
    }
    exchange.reply(200, { ...all, "content-encoding": "gzip" }, await compressed(bytes));
  }
}

function typeFor({ exchange }: PathRequest, types: Types): string {
  const accept = exchange.header("accept") ?? "";
  if (accept === "") return JSON_TYPE;
  for (const { type } of clausesOf(accept)) {
    const answer = types.get(type);
    if (answer !== undefined) return answer;
  }
  const known = [...new Set(types.values())].join(", ");
  throw notAcceptable(`only the following media types are accepted: ${known}`);
}
