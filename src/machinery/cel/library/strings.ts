/** The extended functions on texts. Positions and lengths count code points. */
import { itemsOf } from "../arithmetic.ts";
import { Library } from "../function-table.ts";
import {
  copiesText,
  countsCharacters,
  formatsText,
  joinsTexts,
  quotesText,
  replacesText,
  splitsText,
  traversesText,
} from "../pricing.ts";
import { ArrayList, CelError, isError, type List, type Result } from "../values.ts";
import { formatText } from "./format-text.ts";

export const strings = new Library();

const outOfRange = (index: bigint): CelError => new CelError(`index out of range: ${index}`);

function charAt(text: string, index: bigint): Result {
  const chars = Array.from(text);
  if (index < 0n || index > BigInt(chars.length)) return outOfRange(index);
  return chars[Number(index)] ?? "";
}

function indexOf(text: string, part: string, from = 0n): Result {
  const chars = Array.from(text);
  if (from < 0n || from > BigInt(chars.length))
    return part === "" && from >= 0n && chars.length === 0 ? 0n : outOfRange(from);
  const start = chars.slice(0, Number(from)).join("").length;
  const found = text.indexOf(part, start);
  return found < 0 ? -1n : BigInt(Array.from(text.slice(0, found)).length);
}

function lastIndexOf(text: string, part: string, until?: bigint): Result {
  const chars = Array.from(text);
  if (until !== undefined && (until < 0n || until > BigInt(chars.length))) return outOfRange(until);
  const start = until === undefined ? text.length : chars.slice(0, Number(until)).join("").length;
  const found = text.lastIndexOf(part, start);
  return found < 0 ? -1n : BigInt(Array.from(text.slice(0, found)).length);
}

function substring(text: string, start: bigint, end?: bigint): Result {
  const chars = Array.from(text);
  const length = BigInt(chars.length);
  const stop = end ?? length;
  if (start < 0n || start > length) return outOfRange(start);
  if (stop < 0n || stop > length) return outOfRange(stop);
  if (start > stop) return new CelError(`invalid substring range. start: ${start}, end: ${stop}`);
  return chars.slice(Number(start), Number(stop)).join("");
}

function split(text: string, separator: string, limit = -1n): Result {
  if (limit === 0n) return new ArrayList([]);
  if (limit === 1n) return new ArrayList([text]);
  const parts = separator === "" ? Array.from(text) : text.split(separator);
  const max = limit < 0n ? parts.length : Number(limit);
  if (parts.length <= max) return new ArrayList(parts);
  return new ArrayList([...parts.slice(0, max - 1), parts.slice(max - 1).join(separator)]);
}

/** Longer results are refused. Code units. */
const RESULT_MAX = 20_000_000;

function replace(text: string, old: string, made: string, limit = -1n): Result {
  const most = limit < 0n ? Infinity : Number(limit);
  // An empty text stands before each character and at the end.
  const pieces = text === "" ? ["", ""] : ["", ...Array.from(text), ""];
  const parts = old === "" ? pieces : text.split(old);
  const growth = Math.min(parts.length - 1, most) * Math.max(made.length - old.length, 0);
  if (text.length + growth > RESULT_MAX) return new CelError("the result of replace is too long");
  if (most >= parts.length - 1) return parts.join(made);
  return (
    parts.slice(0, most + 1).join(made) +
    parts
      .slice(most + 1)
      .map((part) => old + part)
      .join("")
  );
}

function join(list: List, separator = ""): Result {
  const items = itemsOf(list);
  if (isError(items)) return items;
  return items.every((item) => typeof item === "string")
    ? items.join(separator)
    : new CelError("no such overload");
}

/** Unicode's white space, as Go trims it. */
const SPACE = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const LEADING = new RegExp(`^${SPACE}`);

function trim(text: string): string {
  const start = text.replace(LEADING, "");
  let end = start.length;
  const space = new RegExp(SPACE);
  while (end > 0 && space.test(start[end - 1]!)) end -= 1;
  return start.slice(0, end);
}

const lowerAscii = (text: string): string => text.replaceAll(/[A-Z]+/g, (part) => part.toLowerCase());
const upperAscii = (text: string): string => text.replaceAll(/[a-z]+/g, (part) => part.toUpperCase());

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

const quote = (text: string): string =>
  `"${Array.from(text.toWellFormed(), (char) => ESCAPES.get(char) ?? char).join("")}"`;

strings
  .add("string.charAt(int) -> string", charAt, countsCharacters)
  .add("string.indexOf(string) -> int", (text: string, part: string) => indexOf(text, part), traversesText)
  .add("string.indexOf(string, int) -> int", indexOf, traversesText)
  .add(
    "string.lastIndexOf(string) -> int",
    (text: string, part: string) => lastIndexOf(text, part),
    traversesText,
  )
  .add("string.lastIndexOf(string, int) -> int", lastIndexOf, traversesText)
  .add("string.substring(int) -> string", (text: string, start: bigint) => substring(text, start), copiesText)
  .add("string.substring(int, int) -> string", substring, copiesText)
  .add("string.split(string) -> list(string)", (text: string, by: string) => split(text, by), splitsText)
  .add("string.split(string, int) -> list(string)", split, splitsText)
  .add("string.replace(string, string) -> string", replace, replacesText)
  .add("string.replace(string, string, int) -> string", replace, replacesText)
  .add("list(string).join() -> string", (list: List) => join(list), joinsTexts)
  .add("list(string).join(string) -> string", join, joinsTexts)
  .add("string.trim() -> string", trim, copiesText)
  .add("string.lowerAscii() -> string", lowerAscii, copiesText)
  .add("string.upperAscii() -> string", upperAscii, copiesText)
  .add("string.reverse() -> string", (text: string) => Array.from(text).toReversed().join(""))
  .add("strings.quote!(string) -> string", quote, quotesText)
  .add("string.format(list(dyn)) -> string", formatText, formatsText);
