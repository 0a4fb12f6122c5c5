import { badRequest, patchRejected, type StatusError, tooLarge } from "#machinery/status";
import { isObject, type JsonObject } from "./merge-patch.ts";

/** More operations than this in one patch are refused. */
const OPERATIONS_MAX = 10_000;

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
  return patch.map(parseOperation).reduce(applyOperation, document);
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

function applyOperation(document: unknown, { op, path, from, value }: Operation): unknown {
  switch (op) {
    case "add":
      return insert(document, path, value);
    case "replace":
      find(document, path);
      return path === "" ? value : change(document, path, replaceIn(value));
    case "remove":
      return remove(document, path);
    case "copy":
      return insert(document, path, find(document, from));
    case "move":
      if (path.startsWith(`${from}/`)) throw refused(`cannot move ${from} into itself`);
      return insert(remove(document, from), path, find(document, from));
    case "test":
      if (!sameJson(find(document, path, true), value ?? null)) throw refused(`testing value ${path} failed`);
      return document;
    default:
      throw refused(`Unexpected kind: ${op}`);
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

type Edit = (parent: unknown, token: string, path: string) => unknown;

/** Rebuilds the way to the parent of `path`, and lets `edit` make the new parent. */
function change(document: unknown, path: string, edit: Edit): unknown {
  const tokens = tokensOf(path);
  const descend = (here: unknown, depth: number): unknown => {
    const token = tokens[depth]!;
    if (depth === tokens.length - 1) return edit(here, token, path);
    if (Array.isArray(here)) {
      const index = indexOf(here, token, path);
      return here.with(index, descend(here[index], depth + 1));
    }
    if (!isObject(here) || !Object.hasOwn(here, token)) throw missing(path);
    return withMember(here, token, descend(here[token], depth + 1));
  };
  return descend(document, 0);
}

/** Safe for keys such as `__proto__`, which become plain members. */
function withMember(object: JsonObject, key: string, value: unknown): JsonObject {
  const members = new Map(Object.entries(object));
  members.set(key, value);
  return Object.fromEntries(members);
}

const insert = (document: unknown, path: string, value: unknown): unknown =>
  path === ""
    ? value
    : change(document, path, (parent, token) => {
        if (isObject(parent)) return withMember(parent, token, value);
        if (!Array.isArray(parent)) throw missing(path);
        const index = token === "-" ? parent.length : parseIndex(token, parent.length + 1, path);
        if (index > parent.length) throw missing(path);
        return parent.toSpliced(index, 0, value);
      });

const replaceIn =
  (value: unknown): Edit =>
  (parent, token, path) =>
    Array.isArray(parent)
      ? parent.with(indexOf(parent, token, path), value)
      : withMember(parent as JsonObject, token, value);

const remove = (document: unknown, path: string): unknown =>
  change(document, path, (parent, token) => {
    if (Array.isArray(parent)) return parent.toSpliced(indexOf(parent, token, path), 1);
    if (!isObject(parent) || !Object.hasOwn(parent, token)) throw missing(path);
    return Object.fromEntries(Object.entries(parent).filter(([key]) => key !== token));
  });

/** Equal as JSON: the order of members does not count. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((value, index) => sameJson(value, other[index]))
    );
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]));
}
