import { createHash } from "node:crypto";
import { APIGroupDiscoveryList } from "#api/apidiscovery-v2/discovery";
import { APIGroup, APIGroupList, APIResourceList, APIVersions } from "#api/meta-v1/discovery";
import type { Struct } from "#machinery/schema";
import { noSuchResource } from "#machinery/status";
import { type Format, MEDIA_TYPE, PLAIN_FORMS, accepted, clausesOf } from "../negotiation/accept.ts";
import { encodeValue } from "../negotiation/answer-writer.ts";
import { compressed, COMPRESSED_BYTES_MIN, takesGzip } from "../negotiation/compress.ts";
import type { PathHandler, PathRequest } from "../request/handlers.ts";
import { splitPath } from "../request/request-info.ts";
import type { Aggregation } from "../aggregation/aggregation.ts";
import type { ResourceSet } from "../resource-set.ts";
import { aggregatedDocument, coreVersions, groupDocument, resourceList } from "./documents.ts";

const AGGREGATED = "APIGroupDiscoveryList";
const AGGREGATED_GROUP = "apidiscovery.k8s.io";
const AGGREGATED_VERSION = "v2";

/** How an answer says that it is the whole in one. */
const AGGREGATED_PARAMETERS = `;g=${AGGREGATED_GROUP};v=${AGGREGATED_VERSION};as=${AGGREGATED}`;

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ...(["json", "yaml", "protobuf"] as const).map((format) => [MEDIA_TYPE[format], format] as const),
  ["application/*", "json"],
  ["*/*", "json"],
]);

interface Document {
  readonly body: Buffer;
  readonly etag: string;
}

/** `/api`, `/apis` and all below them down to a version. Documents are made once for each set of kinds. */
export class Discovery {
  readonly #kinds: ResourceSet;
  readonly #aggregation: Aggregation;
  readonly #address: () => string;
  readonly #documents = new Map<string, Document>();
  #madeFor = "";

  /** `address`: where clients reach this server, as host and port. */
  constructor(kinds: ResourceSet, aggregation: Aggregation, address: () => string) {
    this.#kinds = kinds;
    this.#aggregation = aggregation;
    this.#address = address;
  }

  readonly handle: PathHandler = (request) => {
    const [root, group, version] = splitPath(request.exchange.path);
    if (root === "api") {
      if (group === undefined) return this.#root(request, true);
      return this.#resources(request, "", group);
    }
    if (group === undefined) return this.#root(request, false);
    if (version === undefined) return this.#group(request, group);
    return this.#resources(request, group, version);
  };

  #root(request: PathRequest, core: boolean): Promise<void> {
    const aggregated = aggregatedFormat(request.exchange.header("accept"));
    if (aggregated) {
      const groups = () => this.#aggregation.groups().filter(({ name }) => (name === "") === core);
      return this.#answer(
        request,
        APIGroupDiscoveryList,
        () => aggregatedDocument(this.#kinds, this.#aggregation, groups()),
        aggregated,
      );
    }
    if (core) return this.#answer(request, APIVersions, () => coreVersions(this.#address()));
    return this.#answer(request, APIGroupList, () => ({
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: this.#aggregation
        .groups()
        .filter(({ name }) => name !== "")
        .map(groupDocument),
    }));
  }

  #group(request: PathRequest, name: string): Promise<void> {
    const group = this.#aggregation.groups().find((one) => one.name === name);
    if (!group || name === "") throw noSuchResource();
    return this.#answer(request, APIGroup, () => ({
      kind: "APIGroup",
      apiVersion: "v1",
      ...groupDocument(group),
    }));
  }

  #resources(request: PathRequest, group: string, version: string): Promise<void> {
    const kinds = this.#kinds.kindsOf(group, version);
    if (kinds.length === 0) throw noSuchResource();
    const groupVersion = group === "" ? version : `${group}/${version}`;
    return this.#answer(request, APIResourceList, () => resourceList(kinds, groupVersion));
  }

  async #answer(
    { exchange, headers }: PathRequest,
    schema: Struct,
    make: () => object,
    aggregated?: Format,
  ): Promise<void> {
    const format = aggregated ?? accepted(exchange.header("accept"), PLAIN_FORMS).format;
    const type = aggregated && `${MEDIA_TYPE[aggregated]}${AGGREGATED_PARAMETERS}`;
    // Not by the path as sent: that may have any number of slashes.
    const what = splitPath(exchange.path).join("/");
    const { body, etag } = this.#document(`${what} ${format} ${type ?? ""}`, () =>
      encodeValue(make(), schema, format, false),
    );
    const tagged =
      type === undefined ? headers : { ...headers, etag, "cache-control": "public", vary: "Accept" };
    if (type !== undefined && exchange.header("if-none-match") === etag) {
      return exchange.reply(304, tagged, undefined);
    }
    const typed = { ...tagged, "content-type": type ?? MEDIA_TYPE[format] };
    if (body.length < COMPRESSED_BYTES_MIN || !takesGzip(exchange.header("accept-encoding"))) {
      return exchange.reply(200, typed, body);
    }
    exchange.reply(200, { ...typed, "content-encoding": "gzip" }, await compressed(body));
  }

  #document(key: string, make: () => Buffer): Document {
    const madeFor = `${this.#kinds.version} ${this.#aggregation.version}`;
    if (this.#madeFor !== madeFor) {
      this.#documents.clear();
      this.#madeFor = madeFor;
    }
    const known = this.#documents.get(key);
    if (known) return known;
    const body = make();
    const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`;
    const made = { body, etag };
    this.#documents.set(key, made);
    return made;
  }
}

/** The form of everything in one document, where the client would rather have that than anything else that there is. */
function aggregatedFormat(accept: string | undefined): Format | undefined {
  if (accept === undefined || !accept.includes(AGGREGATED)) return undefined;
  for (const { type, parameters } of clausesOf(accept)) {
    const format = FORMATS.get(type);
    if (!format) continue;
    const { as, g, v } = parameters;
    if (as === undefined) return undefined;
    if (as === AGGREGATED && g === AGGREGATED_GROUP && v === AGGREGATED_VERSION) return format;
  }
  return undefined;
}
