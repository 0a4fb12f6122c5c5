/** YAML as Kubernetes reads it: YAML 1.1 booleans and octals, merge keys, and no dates. */
import {
  binaryTag,
  boolYaml11Tag,
  defineScalarTag,
  dump,
  DUMP_SCHEMA,
  FAILSAFE_SCHEMA,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  Schema,
  YAMLException,
} from "js-yaml";

/** A text that is no YAML, or none that we read. */
export class YamlError extends Error {
  override readonly name = "YamlError";
}

export interface YamlOptions {
  /** Called with upstream's text for every key that its mapping already had; the last one counts. */
  readonly onDuplicate?: (text: string) => void;
}

/** Levels of mappings and sequences. */
const DEPTH_MAX = 500;
/** Alias nodes (`*name`) of one document. */
const ALIASES_MAX = 10_000;
/** Values that a document with aliases may stand for once they are written out. */
const EXPANDED_VALUES_MAX = 1_000_000;

const NUMBER_CHARS = ["-", "+", ".", ..."0123456789"];
const INTEGER = /^([-+]?)(?:0b([01]+)|0o?([0-7]+)|0x([0-9a-fA-F]+)|([1-9][0-9]*|0))$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** Longer digit runs are text. */
const NUMBER_LENGTH_MAX = 400;

function integer(source: string): number | bigint | typeof NOT_RESOLVED {
  if (source.length > NUMBER_LENGTH_MAX) return NOT_RESOLVED;
  const match = INTEGER.exec(source.replaceAll("_", ""));
  if (!match) return NOT_RESOLVED;
  const [, sign, binary, octal, hex, decimal] = match;
  const text = binary ? `0b${binary}` : octal ? `0o${octal}` : hex ? `0x${hex}` : decimal!;
  const value = sign === "-" ? -Number(text) : Number(text);
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return sign === "-" ? -BigInt(text) : BigInt(text);
}

function float(source: string): number | typeof NOT_RESOLVED {
  if (!FLOAT.test(source)) return NOT_RESOLVED;
  const value = Number(source);
  return Number.isFinite(value) ? value : NOT_RESOLVED;
}

const isInteger = (value: unknown): boolean =>
  typeof value === "bigint" || (Number.isInteger(value) && !String(value).includes("e"));

const integerTag = defineScalarTag<number | bigint>("tag:yaml.org,2002:int", {
  implicit: true,
  implicitFirstChars: NUMBER_CHARS,
  resolve: integer,
  identify: isInteger,
  represent: (value) => String(value),
});

const floatTag = defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: NUMBER_CHARS,
  resolve: float,
  identify: (value) => typeof value === "number" && !isInteger(value),
  represent: (value) => String(value),
});

const SCHEMA = new Schema([
  ...FAILSAFE_SCHEMA.tags,
  nullYaml11Tag,
  boolYaml11Tag,
  integerTag,
  floatTag,
  mergeTag,
  { ...binaryTag, resolve: (source: string) => source.replace(/\s/g, "") },
]);

/** Whatever any YAML reader could take for something else than a string is quoted. */
const PRINT_SCHEMA = DUMP_SCHEMA.withTags(
  {
    ...integerTag,
    resolve: (source, isExplicit, tagName) => {
      const value = integer(source);
      return value === NOT_RESOLVED ? intOfOthers.resolve(source, isExplicit, tagName) : value;
    },
  },
  {
    ...floatTag,
    resolve: (source, isExplicit, tagName) => {
      const value = float(source);
      return value === NOT_RESOLVED ? floatOfOthers.resolve(source, isExplicit, tagName) : value;
    },
  },
);

const tagOfOthers = (name: string) =>
  DUMP_SCHEMA.tags.find((tag) => tag.tagName.endsWith(name)) as typeof integerTag;
const intOfOthers = tagOfOthers(":int");
const floatOfOthers = tagOfOthers(":float");

const decoder = new TextDecoder();

/** Every document of a stream, in order; empty ones are left out. Throws `YamlError`. */
export function parseYamlDocuments(input: string | Uint8Array, options: YamlOptions = {}): unknown[] {
  const text = typeof input === "string" ? input : decoder.decode(input);
  const documents = load(text, options);
  if (text.includes("&")) for (const document of documents) checkExpansion(document);
  return documents.filter((document) => document !== null && document !== undefined);
}

/** The one document of a text; null when it is empty. Throws `YamlError`. */
export function parseYaml(input: string | Uint8Array, options: YamlOptions = {}): unknown {
  const documents = parseYamlDocuments(input, options);
  if (documents.length > 1) throw new YamlError("yaml: expected a single document in the stream");
  return documents[0] ?? null;
}

function load(text: string, { onDuplicate }: YamlOptions): unknown[] {
  const options = { schema: SCHEMA, maxDepth: DEPTH_MAX, maxAliases: ALIASES_MAX };
  try {
    try {
      return loadAll(text, { ...options, json: onDuplicate === undefined });
    } catch (error) {
      if (!onDuplicate || !(error instanceof YAMLException) || !error.reason.startsWith("duplicated"))
        throw error;
      const documents = loadAll(text, { ...options, json: true });
      onDuplicate(duplicateText(error));
      return documents;
    }
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // The parser's own error shows the lines around, which may be keys or passwords: logs show causes, too.
    throw new YamlError(`yaml: ${placed(error)}${error.reason}`);
  }
}

const placed = ({ mark }: YAMLException): string => (mark ? `line ${mark.line + 1}: ` : "");

function duplicateText(error: YAMLException): string {
  const key = keyAt(error);
  return `yaml: unmarshal errors:\n  ${placed(error)}key ${JSON.stringify(key)} already set in map`;
}

/** The key that stands where the error points. */
function keyAt({ mark }: YAMLException): string {
  const line = mark?.buffer?.split("\n")[mark.line]?.slice(mark.column) ?? "";
  return /^\s*(?:- )*\s*["']?([^"':]+)/.exec(line)?.[1]?.trim() ?? "";
}

/** Aliases are shared in memory; this counts what they would be written out, before anybody does. */
function checkExpansion(document: unknown): void {
  const sizes = new Map<object, number>();
  const sizeOf = (value: unknown): number => {
    if (value === null || typeof value !== "object") return 1;
    const known = sizes.get(value);
    if (known === -1) throw new YamlError("yaml: an anchor's value contains itself");
    if (known !== undefined) return known;
    sizes.set(value, -1);
    let size = 1;
    for (const part of Object.values(value)) size += sizeOf(part);
    if (size > EXPANDED_VALUES_MAX) throw new YamlError("yaml: document contains excessive aliasing");
    sizes.set(value, size);
    return size;
  };
  sizeOf(document);
}

/** One value as a YAML document, keys in the object's own order, without aliases. */
export const formatYaml = (value: unknown): string =>
  dump(value, { schema: PRINT_SCHEMA, noRefs: true, seqNoIndent: true, lineWidth: -1, quoteStyle: "double" });
