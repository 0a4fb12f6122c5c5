import { badRequest, patchRejected, StatusError, tooLarge } from "#machinery/status";
import { sameJson } from "../same-json.ts";
import { isObject } from "./merge-patch.ts";

/** More operations than this in one patch are refused. */
const OPERATIONS_MAX = 10_000;
/** Characters of JSON that all copies of one patch may make: a copy of a copy doubles, and forty of them never end. */
const COPIED_MAX = 3 * 1024 * 1024;

/** Levels of nesting: two moves make a document one level deeper, so that a short patch makes a very deep one. */
const DEPTH_MAX = 1_000;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: unknown;
}

/**
 * JSON patch (RFC 6902), with indices counted from the end as the API allows. The document stays as it is; what
 * a patch does not touch is shared with the answer. Throws BadRequest for what is no list, and Invalid for a patch
 * that cannot be applied: its `test` fails, its path does not exist.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest(PATCH_TYPE);
  if (patch.length > OPERATIONS_MAX) {
    throw tooLarge(
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`,
    );
  }
  const edit = new Edit();
  const patched = patch
    .map(parseOperation)
    .reduce((here, operation) => edit.apply(here, operation), document);
  if (isDeeper(patched, DEPTH_MAX)) throw badRequest("exceeded max depth");
  return patched;
}

function parseOperation(raw: unknown): Operation {
  if (!isObject(raw)) throw refused("an operation is an object");
  const { op, path, from = "" } = raw;
  if (typeof op !== "string") throw refused("an operation needs `op`");
  if (typeof path !== "string") throw refused(`the operation ${op} needs \`path\``);
  if (typeof from !== "string") throw refused("`from` is a path");
  if ((op === "move" || op === "copy") && !("from" in raw))
    throw refused(`the operation ${op} needs \`from\``);
  return { op, path, from, value: raw.value };
}

type OwnObject = Record<string, unknown>;

/** One patch on its way. What it has made itself it changes in place, so that many operations stay cheap. */
class Edit {
  readonly #own = new WeakSet();
  #copied = 0;

  apply(document: unknown, { op, path, from, value }: Operation): unknown {
    switch (op) {
      case "add":
        return this.#insert(document, path, value);
      case "replace":
        find(document, path);
        return path === "" ? value : this.#change(document, path, replaceIn(value));
      case "remove":
        return this.#change(document, path, remove);
      case "copy":
        return this.#insert(document, path, this.#copyOf(find(document, from)));
      case "move": {
        if (path.startsWith(`${from}/`)) throw refused(`cannot move ${from} into itself`);
        const moved = find(document, from);
        return this.#insert(this.#change(document, from, remove), path, moved);
      }
      case "test":
        if (isDeeper(value, DEPTH_MAX)) throw badRequest("exceeded max depth");
        if (!sameJson(find(document, path, true), value ?? null)) throw new TestFailed(path);
        return document;
      default:
        throw refused(`Unexpected kind: ${op}`);
    }
  }

  /** Apart from the original: either may be changed afterwards. */
  #copyOf(value: unknown): unknown {
    if (isDeeper(value, DEPTH_MAX)) throw badRequest("exceeded max depth");
    this.#copied += sizeOf(value, COPIED_MAX - this.#copied);
    if (this.#copied > COPIED_MAX) {
      throw tooLarge(`the copies of a JSON patch may have ${COPIED_MAX} bytes together`);
    }
    return structuredClone(value);
  }

  #insert(document: unknown, path: string, value: unknown): unknown {
    return path === "" ? value : this.#change(document, path, insertOf(value));
  }

  /** Makes the way to the parent of `path` the patch's own, and lets `change` change the parent. */
  #change(document: unknown, path: string, change: Change): unknown {
    const tokens = tokensOf(path);
    if (tokens.length === 0) throw missing(path);
    const root = this.#owned(document, path);
    let here = root;
    for (const token of tokens.slice(0, -1)) {
      if (!Array.isArray(here) && !Object.hasOwn(here, token)) throw missing(path);
      const key = Array.isArray(here) ? indexOf(here, token, path) : token;
      const child = this.#owned((here as OwnObject)[key], path);
      setMember(here, key, child);
      here = child;
    }
    change(here, tokens.at(-1)!, path);
    return root;
  }

  #owned(value: unknown, path: string): OwnObject | unknown[] {
    if (!Array.isArray(value) && !isObject(value)) throw missing(path);
    if (this.#own.has(value)) return value as OwnObject | unknown[];
    const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
    this.#own.add(copy);
    return copy;
  }
}

const isDeeper = (value: unknown, levels: number): boolean =>
  value !== null &&
  typeof value === "object" &&
  (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));

/** About the length as JSON; stops soon after `enough`. */
function sizeOf(value: unknown, enough: number): number {
  if (typeof value === "string") return value.length + 2;
  if (value === null || typeof value !== "object") return 8;
  let size = 2;
  for (const [key, member] of Object.entries(value)) {
    size += key.length + 4 + sizeOf(member, enough - size);
    if (size > enough) break;
  }
  return size;
}

/** A `test` has not found the value that it names. */
export class TestFailed extends StatusError {
  constructor(path: string) {
    super(patchRejected(`testing value ${path} failed`).status);
  }
}

const refused = (why: string): StatusError => patchRejected(why);

const PATCH_TYPE = "error decoding patch: json: cannot unmarshal object into Go value of type []interface {}";

/** The tokens of a JSON pointer. */
function tokensOf(path: string): string[] {
  if (path === "") return [];
  if (!path.startsWith("/")) throw refused(`the path ${JSON.stringify(path)} does not start with /`);
  return path
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const missing = (path: string): StatusError => refused(`the path ${JSON.stringify(path)} does not exist`);

/** `missingIsNull`: an absent last member reads as null, as `test` sees it. */
function find(document: unknown, path: string, missingIsNull = false): unknown {
  const tokens = tokensOf(path);
  let here = document;
  for (const [depth, token] of tokens.entries()) {
    if (Array.isArray(here)) here = here[indexOf(here, token, path)];
    else if (isObject(here) && Object.hasOwn(here, token)) here = here[token];
    else if (isObject(here) && missingIsNull && depth === tokens.length - 1) return null;
    else throw missing(path);
  }
  return here;
}

/** A position of an existing item: `2`, or `-1` for the last one. */
function indexOf(list: readonly unknown[], token: string, path: string): number {
  const index = parseIndex(token, list.length, path);
  if (index >= list.length) throw missing(path);
  return index;
}

function parseIndex(token: string, length: number, path: string): number {
  if (!/^(0|-?[1-9][0-9]*)$/.test(token)) throw refused(`${JSON.stringify(token)} in ${path} is no index`);
  const index = Number(token);
  const position = index < 0 ? length + index : index;
  if (position < 0) throw missing(path);
  return position;
}

/** Changes the parent in place. */
type Change = (parent: OwnObject | unknown[], token: string, path: string) => void;

/** Safe for keys such as `__proto__`, which become plain members. */
function setMember(parent: OwnObject | unknown[], key: string | number, value: unknown): void {
  if (key !== "__proto__") (parent as OwnObject)[key] = value;
  else Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
}

const insertOf =
  (value: unknown): Change =>
  (parent, token, path) => {
    if (!Array.isArray(parent)) return setMember(parent, token, value);
    const index = token === "-" ? parent.length : parseIndex(token, parent.length + 1, path);
    if (index > parent.length) throw missing(path);
    parent.splice(index, 0, value);
  };

const replaceIn =
  (value: unknown): Change =>
  (parent, token, path) =>
    setMember(parent, Array.isArray(parent) ? indexOf(parent, token, path) : token, value);

const remove: Change = (parent, token, path) => {
  if (Array.isArray(parent)) return void parent.splice(indexOf(parent, token, path), 1);
  if (!Object.hasOwn(parent, token)) throw missing(path);
  delete parent[token];
};
