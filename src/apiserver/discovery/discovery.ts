import { createHash } from "node:crypto";
import { APIGroupDiscoveryList } from "#api/apidiscovery-v2/discovery";
import { APIGroup, APIGroupList, APIResourceList, APIVersions } from "#api/meta-v1/discovery";
import type { Struct } from "#machinery/schema";
import { noSuchResource } from "#machinery/status";
import { MEDIA_TYPE, PLAIN_FORMS, accepted, clausesOf } from "../negotiation/accept.ts";
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
    if (asksForAggregated(request.exchange.header("accept"))) {
      const type = `application/json;g=${AGGREGATED_GROUP};v=${AGGREGATED_VERSION};as=${AGGREGATED}`;
      const groups = () => this.#aggregation.groups().filter(({ name }) => (name === "") === core);
      return this.#answer(
        request,
        APIGroupDiscoveryList,
        () => aggregatedDocument(this.#kinds, this.#aggregation, groups()),
        type,
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
    type?: string,
  ): Promise<void> {
    const format = type === undefined ? accepted(exchange.header("accept"), PLAIN_FORMS).format : "json";
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

function asksForAggregated(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes(AGGREGATED)) return false;
  return clausesOf(accept).some(
    ({ parameters }) =>
      parameters.as === AGGREGATED &&
      parameters.g === AGGREGATED_GROUP &&
      parameters.v === AGGREGATED_VERSION,
  );
}
