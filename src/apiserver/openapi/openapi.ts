import { createHash } from "node:crypto";
import { listSchema, schemaForKind } from "#api/registry";
import { OPENAPI_V2_PROTOBUF, OpenApiV2 } from "#machinery/derive/openapi-v2";
import { OpenApiV3 } from "#machinery/derive/openapi-v3";
import { noSuchResource } from "#machinery/status";
import type { Headers } from "../http/exchange.ts";
import { clausesOf } from "../negotiation/accept.ts";
import { COMPRESSED_BYTES_MIN, compressed, takesGzip } from "../negotiation/compress.ts";
import type { PathHandler, PathRequest } from "../request/handlers.ts";
import type { ResourceSet } from "../resource-set.ts";
import { GIT_VERSION } from "../version.ts";

const V3 = "/openapi/v3";
/** As clients ask for it; what stands in an answer may not hold an `@`. */
const PROTOBUF_ANSWER = OPENAPI_V2_PROTOBUF.replace("@", ".");
const PROTOBUF_TYPES = new Set([OPENAPI_V2_PROTOBUF, PROTOBUF_ANSWER]);
const JSON_TYPE = "application/json";

/** `/openapi/v2` and `/openapi/v3`: what all kinds look like. Made when first asked for, and for each set of kinds. */
export class OpenApi {
  readonly #kinds: ResourceSet;
  #madeFor = -1;
  #v2!: OpenApiV2;
  #v3: OpenApiV3 | undefined;

  constructor(kinds: ResourceSet) {
    this.#kinds = kinds;
  }

  readonly v2: PathHandler = (request) => {
    this.#refresh();
    const accept = request.exchange.header("accept") ?? "";
    const protobuf = clausesOf(accept).some(({ type }) => PROTOBUF_TYPES.has(type));
    if (protobuf) return send(request, this.#v2.protobuf(), PROTOBUF_ANSWER);
    return send(request, this.#v2.json().bytes, JSON_TYPE);
  };

  readonly v3: PathHandler = (request) => {
    this.#refresh();
    const path = request.exchange.path.slice(V3.length + 1);
    if (path === "") return send(request, this.#v3!.index(), JSON_TYPE);
    const document = this.#v3!.document(path);
    if (!document) throw noSuchResource();
    return send(request, document.bytes, JSON_TYPE, document.hash);
  };

  #refresh(): void {
    if (this.#madeFor === this.#kinds.version) return;
    this.#madeFor = this.#kinds.version;
    const resources = Array.from(this.#kinds, ({ resource }) => resource);
    const options = { version: GIT_VERSION, schemaForKind, listSchema };
    this.#v2 = new OpenApiV2(resources, options);
    this.#v3 = new OpenApiV3(resources, options, this.#v3);
  }
}

/** A client that has this version already gets no body; one that named its hash may keep it for ever. */
async function send(
  { exchange, info, headers }: PathRequest,
  bytes: Uint8Array,
  type: string,
  hash?: string,
): Promise<void> {
  const etag = `"${hash ?? createHash("sha256").update(bytes).digest("hex").toUpperCase()}"`;
  const immutable = hash !== undefined && info.query.get("hash") === hash;
  const cached: Headers = immutable ? { "cache-control": "public, immutable, max-age=31536000" } : {};
  const all: Headers = { ...headers, ...cached, etag, vary: "Accept, Accept-Encoding", "content-type": type };
  if (exchange.header("if-none-match") === etag) return exchange.reply(304, all, undefined);
  if (bytes.length < COMPRESSED_BYTES_MIN || !takesGzip(exchange.header("accept-encoding"))) {
    return exchange.reply(200, all, bytes);
  }
  exchange.reply(200, { ...all, "content-encoding": "gzip" }, await compressed(bytes));
}
