import { JsonError, parseJson, stringifyJson } from "#machinery/json";
import { decodeJson, strictDecodingText } from "#machinery/derive/json";
import type { Struct } from "#machinery/schema";
import { StatusError, badRequest, unsupportedMediaType } from "#machinery/status";
import { YamlError, parseYaml } from "#machinery/yaml";
import type { Limits } from "../limits.ts";
import type { Body } from "../request/operation.ts";
import type { Format } from "./accept.ts";
import { decodeEnveloped } from "./protobuf.ts";

/** What a body is expected to be. */
export interface Expected {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: Struct;
}

export interface DecodeOptions {
  readonly limits: Limits;
  /** What becomes of fields that the kind does not have, and of fields sent twice. */
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  readonly warn: (text: string) => void;
}

const FORMAT_OF: Readonly<Record<string, Exclude<Format, "cbor">>> = {
  "": "json",
  "application/json": "json",
  "application/yaml": "yaml",
  "application/x-yaml": "yaml",
  "text/yaml": "yaml",
  "application/vnd.kubernetes.protobuf": "protobuf",
};

const ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** Custom kinds have no protobuf form. */
const CUSTOM_ACCEPTED = "application/json, application/yaml";

/** The media type of a Content-Type header, without parameters. */
export const mediaTypeOf = (contentType: string): string => contentType.split(";")[0]!.trim().toLowerCase();

/** How a body of this type is read. Throws UnsupportedMediaType. */
export function formatOf(contentType: string): Exclude<Format, "cbor"> {
  const mediaType = mediaTypeOf(contentType);
  if (Object.hasOwn(FORMAT_OF, mediaType)) return FORMAT_OF[mediaType]!;
  throw unsupported(ACCEPTED);
}

const unsupported = (types: string): StatusError =>
  unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );

/** The object in a body, in canonical form. Throws BadRequest in the words of the API. */
export function decodeBody(body: Body, expected: Expected, options: DecodeOptions): unknown {
  if (body.type === "none") return checked({}, expected, options, []);
  if (body.type === "value") return checked(body.value, expected, options, []);
  const format = formatOf(body.contentType);
  if (format === "protobuf" && expected.schema.rules.structural) throw unsupported(CUSTOM_ACCEPTED);
  if (format === "protobuf") return fromProtobuf(body.bytes, expected);
  const duplicates: string[] = [];
  const value = parseBody(body.bytes, format, expected, options, duplicates);
  return checked(value, expected, options, duplicates);
}

/** JSON or YAML text as a value. */
function parseBody(
  bytes: Buffer,
  format: "json" | "yaml",
  expected: Expected,
  { limits, fieldValidation }: DecodeOptions,
  duplicates: string[],
): unknown {
  const strict = fieldValidation !== "Ignore";
  try {
    if (format === "yaml") {
      return parseYaml(bytes, strict ? { onDuplicate: (text) => duplicates.push(text) } : {});
    }
    return parseJson(bytes, {
      maxDepth: limits.bodyDepthMax,
      ...(strict
        ? { onDuplicate: (path: string) => duplicates.push(`duplicate field ${JSON.stringify(path)}`) }
        : {}),
    });
  } catch (error) {
    if (!(error instanceof JsonError || error instanceof YamlError)) throw error;
    const { kind } = expected;
    const text =
      error instanceof JsonError
        ? `couldn't get version/kind; json parse error: ${error.message}`
        : error.message;
    throw badRequest(
      error instanceof JsonError
        ? `the object provided is unrecognized (must be of type ${kind}): ${text} (${excerpt(bytes)})`
        : `error converting YAML to JSON: ${text}`,
    );
  }
}

/** The beginning of a body as the API shows it: in hexadecimal, cut short. */
function excerpt(bytes: Buffer): string {
  const SHOWN = 32;
  return bytes.length > SHOWN ? `${bytes.subarray(0, SHOWN).toString("hex")} ...` : bytes.toString("hex");
}

function checked(
  value: unknown,
  expected: Expected,
  { fieldValidation, warn }: DecodeOptions,
  duplicates: readonly string[],
): unknown {
  const { apiVersion, kind, schema } = expected;
  const typed = typedAs(value, expected);
  const complaints = [...duplicates];
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  const refuse = (why: string) =>
    badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
  let object: unknown;
  try {
    object =
      fieldValidation === "Ignore"
        ? decodeJson(schema, typed)
        : decodeJson(
            schema,
            typed,
            (path: string) => void complaints.push(`unknown field ${JSON.stringify(path)}`),
          );
  } catch (error) {
    if (error instanceof StatusError || !(error instanceof Error)) throw error;
    throw refuse(error.message);
  }
  if (complaints.length === 0) return object;
  if (fieldValidation === "Strict") throw refuse(strictDecodingText(complaints));
  if (fieldValidation === "Warn") for (const complaint of complaints) warn(complaint);
  return object;
}

/** With kind and apiVersion, which a client may leave out but not get wrong. */
function typedAs(value: unknown, { apiVersion, kind }: Expected): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const shown = stringifyJson(value)?.slice(0, 64) ?? "";
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${goTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${Buffer.from(shown).toString("hex")})`,
    );
  }
  const sent = value as { apiVersion?: unknown; kind?: unknown };
  checkType(textOr(sent.apiVersion, apiVersion), textOr(sent.kind, kind), { apiVersion, kind });
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = sent;
  return { kind, apiVersion, ...rest };
}

function checkType(
  sentVersion: string,
  sentKind: string,
  { apiVersion, kind }: Omit<Expected, "schema">,
): void {
  if (sentVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${sentVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (sentKind === kind) return;
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  throw badRequest(
    `${sentKind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: converting (${version}.${sentKind}) to (${version}.${kind}): unknown conversion`,
  );
}

const textOr = (sent: unknown, otherwise: string): string =>
  typeof sent === "string" && sent !== "" ? sent : otherwise;

const goTypeOf = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
};

function fromProtobuf(bytes: Buffer, expected: Expected): unknown {
  const { apiVersion, kind, schema } = expected;
  try {
    const sent = decodeEnveloped(bytes, schema);
    checkType(sent.apiVersion || apiVersion, sent.kind || kind, expected);
    return decodeJson(schema, { ...sent.object, kind, apiVersion });
  } catch (error) {
    if (error instanceof StatusError || !(error instanceof Error)) throw error;
    throw badRequest(error.message);
  }
}
