/** `/openapi/v2`: everything in one document, made when it is first asked for. */
import { encodeJson } from "../json.ts";
import type { Resource } from "../schema.ts";
import {
  discoveryPath,
  type Operation,
  type Parameter,
  type PathItem,
  pathsOf,
  typesFor,
} from "./openapi-paths.ts";
import { pagesOf } from "./openapi-pages.ts";
import { Definitions, type Json } from "./openapi-schema.ts";
import { encodeOpenApiV2 } from "./openapi-v2-protobuf.ts";
import { CODES, hashOf, kindsIn, type OpenApiOptions, PATCH_DEFINITION } from "./openapi-v3.ts";
import { put } from "./shape.ts";

const FORMATS = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const PATCHES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

/** The document of all kinds. */
export function openApiV2(resources: readonly Resource[], options: OpenApiOptions): Json {
  const definitions = new Definitions("v2", kindsIn(resources, options));
  const groups = new Map(resources.map((of) => [`${of.group}/${of.version}`, of]));
  const items = [
    ...Array.from(groups.values(), ({ group, version }) => discoveryPath(group, version, options)),
    ...resources.flatMap((of) => [...pathsOf(of, options)]),
    ...pagesOf(
      resources.map(({ group }) => group),
      options,
    ).values(),
  ];
  const paths = {};
  for (const item of items.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    put(paths, item.path, pathItem(item, definitions));
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: options.version },
    paths,
    definitions: definitions.all(),
    securityDefinitions: {
      BearerToken: {
        description: "Bearer Token authentication",
        type: "apiKey",
        name: "authorization",
        in: "header",
      },
    },
    security: [{ BearerToken: [] }],
  };
}

function pathItem({ parameters, operations }: PathItem, definitions: Definitions): Json {
  const made: Record<string, unknown> = {};
  for (const operation of operations) made[operation.method] = operationOf(operation, definitions);
  return { ...made, ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterOf) }) };
}

function operationOf(operation: Operation, definitions: Definitions): Json {
  const { tag, description, id, query, action, kind, codes, body, bodyRequired, answer, streams } = operation;
  const schema = answer ? definitions.ref(answer) : { type: "string" };
  const responses: Record<string, unknown> = {};
  for (const code of [200, ...codes]) responses[code] = { description: CODES[code], schema };
  responses[401] = { description: CODES[401] };
  const parameters = query.map(parameterOf);
  if (body) {
    const of = body === "patch" ? definitions.define(PATCH_DEFINITION) : definitions.ref(body);
    parameters.unshift({ name: "body", in: "body", ...(bodyRequired ? { required: true } : {}), schema: of });
  }
  return {
    description,
    consumes: body === "patch" ? typesFor(operation, PATCHES) : ["*/*"],
    produces: answer ? typesFor(operation, streams ? [...FORMATS, ...STREAMS] : FORMATS) : ["*/*"],
    schemes: ["https"],
    tags: [tag],
    operationId: id,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses,
    ...(action === undefined ? {} : { "x-kubernetes-action": action }),
    ...(kind ? { "x-kubernetes-group-version-kind": kind } : {}),
  };
}

const parameterOf = ({ name, in: where, type, description }: Parameter): Json => ({
  name,
  in: where,
  description,
  type,
  uniqueItems: true,
  ...(where === "path" ? { required: true } : {}),
});

/** Media type of the protobuf form, which is the only one that client-go asks for. */
export const OPENAPI_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/** The document of a set of kinds, as bytes. Make a new one when the set changes. */
export class OpenApiV2 {
  readonly #resources: readonly Resource[];
  readonly #options: OpenApiOptions;
  #json: { readonly bytes: Uint8Array; readonly hash: string } | undefined;
  #protobuf: Uint8Array | undefined;

  constructor(resources: Iterable<Resource>, options: OpenApiOptions) {
    this.#resources = [...resources];
    this.#options = options;
  }

  json(): { readonly bytes: Uint8Array; readonly hash: string } {
    if (!this.#json) {
      const bytes = encodeJson(openApiV2(this.#resources, this.#options));
      this.#json = { bytes, hash: hashOf(bytes) };
    }
    return this.#json;
  }

  protobuf(): Uint8Array {
    this.#protobuf ??= encodeOpenApiV2(openApiV2(this.#resources, this.#options));
    return this.#protobuf;
  }
}
