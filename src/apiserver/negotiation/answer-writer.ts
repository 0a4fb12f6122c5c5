import { listSchema } from "#api/registry";
import type { Clock } from "#base/clock";
import { type IncludeObject, isIncludeObject, tableOf } from "#machinery/derive/table";
import { stringifyJson } from "#machinery/json";
import type { AnyObject, Struct } from "#machinery/schema";
import { PartialObjectMetadata } from "#api/meta-v1/partialobjectmetadata";
import { badRequest } from "#machinery/status";
import { formatYaml } from "#machinery/yaml";
import { type Exchange, type Headers, type OutgoingStream, drained } from "../http/exchange.ts";
import type { Answer } from "../request/operation.ts";
import { type Accepted, type Format, MEDIA_TYPE } from "./accept.ts";
import { COMPRESSED_BYTES_MIN, compressed, gzipStream } from "./compress.ts";
import { listChunks } from "./list-chunks.ts";
import { cborBytes } from "./cbor.ts";
import { messagesOf } from "./messages.ts";
import { protobufChunks } from "./protobuf-list.ts";
import { encodeEnveloped, envelopedItem } from "./protobuf.ts";
import { PartialObjectMetadataList, partialListOf, partialOf } from "./transform.ts";

/** Everything but a watch, which is a stream of its own. */
export type CompleteAnswer = Exclude<Answer, { readonly type: "watch" }>;

export interface AnswerForm extends Accepted {
  readonly pretty: boolean;
  /** For tables: None, Metadata (the default) or Object. */
  readonly includeObject: IncludeObject;
  /** Large answers may go compressed. */
  readonly gzip: boolean;
}

/** The `includeObject` of a query. Throws BadRequest. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const text = query.get("includeObject") ?? "";
  if (text === "") return "Metadata";
  if (isIncludeObject(text)) return text;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
}

/** Writes an answer in the form its client has asked for. */
export async function writeAnswer(
  exchange: Exchange,
  answer: CompleteAnswer,
  form: AnswerForm,
  headers: Headers,
  clock: Clock,
): Promise<void> {
  const code = answer.type === "list" ? 200 : answer.code;
  const typed = { ...headers, "content-type": MEDIA_TYPE[form.format] };
  const asIs = form.as === "" && (form.format === "protobuf" || (form.format === "json" && !form.pretty));
  if (asIs && answer.type === "list") {
    const { kind, meta, items } = answer;
    const isJson = form.format === "json";
    const chunks = isJson
      ? listChunks(kind, meta, items)
      : protobufChunks(kind, meta, await messagesOf(kind, items));
    return writeList(exchange, chunks, form, typed);
  }
  const body =
    asIs && answer.type === "item" ? itemBytes(answer, form.format) : encode(answer, form, clock.now());
  if (body.length < COMPRESSED_BYTES_MIN || !form.gzip) return exchange.reply(code, typed, body);
  const smaller = await compressed(body);
  exchange.reply(code, { ...typed, "content-encoding": "gzip", vary: "Accept-Encoding" }, smaller);
}

function itemBytes({ kind, item }: Extract<Answer, { type: "item" }>, format: Format): Buffer {
  if (format === "protobuf") return envelopedItem(kind, item);
  return kind.view.asStored ? item.served() : kind.view.bytes(item);
}

async function writeList(
  exchange: Exchange,
  chunks: Generator<Buffer, void, boolean>,
  { gzip }: AnswerForm,
  headers: Headers,
): Promise<void> {
  const first: Buffer[] = [];
  let length = 0;
  for (let next = chunks.next(false); ; next = chunks.next(false)) {
    if (next.done) return exchange.reply(200, headers, Buffer.concat(first, length));
    first.push(next.value);
    length += next.value.length;
    if (length >= COMPRESSED_BYTES_MIN) break;
  }
  const plain = exchange.open(
    200,
    gzip ? { ...headers, "content-encoding": "gzip", vary: "Accept-Encoding" } : headers,
  );
  const stream = gzip ? gzipStream(plain) : plain;
  for (const chunk of first) await send(stream, chunk);
  // Not by `for`: that would end the generator, had it been left above.
  for (let next = chunks.next(false); !next.done; next = chunks.next(stream.isEmpty === true)) {
    if (stream.closed) return;
    await send(stream, next.value);
  }
  stream.end();
}

/** Waits where the client is slower than we are. */
async function send(stream: OutgoingStream, chunk: Buffer): Promise<void> {
  if (!stream.write(chunk)) await drained(stream);
}

function encode(answer: CompleteAnswer, form: AnswerForm, now: number): Buffer {
  const { value, schema } = shown(answer, form, now);
  return encodeValue(value, schema, form.format, form.pretty);
}

export function encodeValue(value: object, schema: Struct, format: Format, pretty: boolean): Buffer {
  if (format === "protobuf") return encodeEnveloped(schema, value);
  if (format === "yaml") return Buffer.from(formatYaml(value));
  if (format === "cbor") return cborBytes(value);
  return Buffer.from(`${stringifyJson(value, pretty ? 2 : undefined)}\n`);
}

/** The object that stands in the answer. */
function shown(answer: CompleteAnswer, form: AnswerForm, now: number): { value: object; schema: Struct } {
  if (answer.type === "object" && !answer.kind) return { value: answer.object, schema: answer.schema };
  const objects = objectsOf(answer);
  const { resource } = answer.kind!;
  const meta = answer.type === "list" ? answer.meta : metaOf(objects[0]!);
  const { as, asVersion, includeObject } = form;
  if (as === "Table") {
    const options = { metadata: meta, version: asVersion, includeObject, now };
    return { value: tableOf(resource, objects, options), schema: resource.schema };
  }
  if (as === "PartialObjectMetadata") {
    return { value: partialOf(objects[0]!, asVersion), schema: PartialObjectMetadata };
  }
  if (as === "PartialObjectMetadataList") {
    return { value: partialListOf(objects, meta, asVersion), schema: PartialObjectMetadataList };
  }
  if (answer.type !== "list") return { value: objects[0]!, schema: resource.schema };
  const saysKind = resource.schema.rules.structural !== undefined;
  const items = saysKind ? objects : objects.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest);
  const value = { kind: resource.listKind, apiVersion: resource.apiVersion, metadata: meta, items };
  return { value, schema: listSchema(resource) };
}

function objectsOf(answer: CompleteAnswer): readonly AnyObject[] {
  if (answer.type === "object") return [answer.object as AnyObject];
  const { view } = answer.kind;
  return answer.type === "item" ? [view.object(answer.item)] : answer.items.map((item) => view.object(item));
}

const metaOf = ({ metadata }: AnyObject): object => ({ resourceVersion: metadata.resourceVersion });
