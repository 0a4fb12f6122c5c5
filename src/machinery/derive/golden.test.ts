import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { schemaForKind } from "#api/registry";
import { parseJson, stringifyJson } from "../json.ts";
import { readEnvelope, wrapEnvelope } from "../protobuf-envelope.ts";
import { decodeJson } from "./json.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf.ts";

/** Objects with every field set, as Kubernetes itself writes them in both forms. */
const FOLDER = new URL("../../../../shared/facts/roundtrip/", import.meta.url);

const names = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith(".json")) : [];

interface TypeMeta {
  readonly apiVersion: string;
  /** Events of a watch have none. */
  readonly kind?: string;
}

/** Kinds that the data has and we serve. The test says so, lest it compare less and less. */
const KINDS_MIN = 59;

let compared = 0;
for (const name of names) {
  const text = readFileSync(new URL(name, FOLDER), "utf8");
  const { apiVersion, kind } = parseJson(text) as TypeMeta;
  const schema = kind === undefined ? undefined : schemaForKind(apiVersion, kind);
  if (kind === undefined || !schema) continue;
  compared += 1;
  test(`golden ${apiVersion} ${kind}`, () => {
    const unknown: string[] = [];
    const object = decodeJson<object>(schema, parseJson(text), (path) => unknown.push(path));
    assert.deepEqual(unknown, []);
    assert.equal(stringifyJson(object), stringifyJson(parseJson(text)), "JSON, in the same order");

    const golden = new Uint8Array(readFileSync(new URL(name.replace(/json$/, "pb"), FOLDER)));
    const envelope = readEnvelope(golden);
    assert.deepEqual([envelope.apiVersion, envelope.kind], [apiVersion, kind]);
    const decoded = decodeProtobuf<object>(schema, envelope.raw, { apiVersion, kind });
    assert.equal(stringifyJson(decoded), stringifyJson(object), "protobuf says the same");
    const bytes = wrapEnvelope({ apiVersion, kind }, encodeProtobuf(schema, object));
    assert.equal(hex(bytes), hex(golden), "the same bytes");
  });
}

const absent = names.length === 0 && "no golden data in ../shared/facts/roundtrip, beside this checkout";
test("golden data was compared", { skip: absent }, () =>
  assert.ok(compared >= KINDS_MIN, `${compared} kinds`),
);

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
