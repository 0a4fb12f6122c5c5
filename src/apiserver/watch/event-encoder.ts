import { tableOf } from "#machinery/derive/table";
import { stringifyJson } from "#machinery/json";
import { PartialObjectMetadata } from "#api/meta-v1/partialobjectmetadata";
import { Status as StatusKind } from "#api/meta-v1/status";
import type { AnyObject, Struct } from "#machinery/schema";
import type { StatusError } from "#machinery/status";
import type { AnswerForm } from "../negotiation/answer-writer.ts";
import { cborBytes } from "../negotiation/cbor.ts";
import { encodeFramed, framedItem } from "../negotiation/protobuf.ts";
import { partialOf } from "../negotiation/transform.ts";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import type { CacheEvent, EventType } from "./event.ts";

const HEAD: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const TAIL = Buffer.from("}\n");

/** Turns events into what one form of watch sends. Every form is made once per event and shared. */
export class EventEncoder {
  readonly #kind: ServedKind;
  readonly #form: AnswerForm;
  readonly #now: () => number;
  /** Of the form, for each type of event: what is the same under one name is made once. */
  readonly #names: Readonly<Record<EventType, string>>;
  /** Tables name their columns once a stream. */
  #columnsSent = false;

  constructor(kind: ServedKind, form: AnswerForm, now: () => number) {
    this.#kind = kind;
    this.#form = form;
    this.#now = now;
    const name = `${form.format} ${form.as} ${kind.resource.apiVersion}`;
    this.#names = { ADDED: `ADDED ${name}`, MODIFIED: `MODIFIED ${name}`, DELETED: `DELETED ${name}` };
  }

  event(type: EventType, item: Item, shared: CacheEvent | undefined): Buffer {
    if (this.#form.as === "Table")
      return this.#frame(type, this.#table([this.#kind.view.object(item)], item));
    if (!shared) return this.#encode(type, item);
    const form = this.#names[type];
    const known = shared.encoded(form);
    if (known) return known;
    const bytes = this.#encode(type, item);
    shared.keep(form, bytes);
    return bytes;
  }

  bookmark(revision: number, initialEventsEnd: boolean): Buffer {
    const { resource } = this.#kind;
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    };
    const { as, asVersion, format } = this.#form;
    const meta = format === "protobuf" ? { ...metadata, creationTimestamp: undefined } : metadata;
    const { kind, apiVersion } = resource;
    const object = { kind, apiVersion, metadata: meta } as unknown as AnyObject;
    if (as === "Table") {
      return this.#frame("BOOKMARK", {
        ...this.#table([], undefined),
        metadata: { resourceVersion: String(revision) },
      });
    }
    return this.#frame("BOOKMARK", as === "" ? object : partialOf(object, asVersion));
  }

  /** The stream's last word. */
  error({ status }: StatusError): Buffer {
    if (this.#form.format === "protobuf") return encodeFramed("ERROR", StatusKind, status);
    const event = { type: "ERROR", object: status };
    return this.#form.format === "cbor" ? cborBytes(event) : Buffer.from(`${stringifyJson(event)}\n`);
  }

  #encode(type: EventType, item: Item): Buffer {
    const { view } = this.#kind;
    const { as, asVersion, format } = this.#form;
    if (as !== "") return this.#frame(type, partialOf(view.object(item), asVersion));
    if (format === "protobuf") return framedItem(type, this.#kind, item);
    if (format !== "json") return this.#frame(type, view.object(item));
    const head = HEAD[type];
    if (!view.asStored) return Buffer.concat([head, view.bytes(item), TAIL]);
    const line = Buffer.allocUnsafe(head.length + item.servedLength + TAIL.length);
    head.copy(line);
    TAIL.copy(line, item.write(line, head.length, 0));
    return line;
  }

  #table(objects: readonly AnyObject[], item: Item | undefined): object {
    const { asVersion, includeObject } = this.#form;
    const rowsOnly = this.#columnsSent;
    this.#columnsSent = true;
    const metadata = item ? { resourceVersion: String(item.revision) } : {};
    const options = { metadata, version: asVersion, includeObject, now: this.#now(), rowsOnly };
    return tableOf(this.#kind.resource, objects, options);
  }

  #frame(type: string, object: object): Buffer {
    if (this.#form.format === "cbor") return cborBytes({ type, object });
    if (this.#form.format === "json") return Buffer.from(`${stringifyJson({ type, object })}\n`);
    const schema: Struct = this.#form.as === "" ? this.#kind.resource.schema : PartialObjectMetadata;
    return encodeFramed(type, schema, object);
  }
}
