/**
 * A walk over JSON text that builds nothing: it finds what `JSON.parse` does not tell, which is keys that come twice
 * and, in Go's words, where a text stops being JSON.
 */

/** A text that is no JSON. The message is the one that Kubernetes gives. */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

export interface ScanOptions {
  /** Deeper nesting is an error. */
  readonly maxDepth: number;
  /** Called with the path (`spec.ports[0].name`) of every key that its object already had. */
  readonly onDuplicate?: (path: string) => void;
}

/** The keys of one object: most have few, for which a list is faster than a set. */
class Keys {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** Was it there already? */
  add(key: string): boolean {
    if (this.#many) {
      const { size } = this.#many;
      return this.#many.add(key).size === size;
    }
    if (this.#few.includes(key)) return true;
    this.#few.push(key);
    if (this.#few.length > FEW_MAX) this.#many = new Set(this.#few);
    return false;
  }
}

const FEW_MAX = 16;

interface Level {
  /** Undefined in a list. */
  readonly keys: Keys | undefined;
  key: string;
  index: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES = new Set(['"', "\\", "/", "b", "f", "n", "r", "t"]);
const LITERALS: Readonly<Record<string, string>> = { t: "true", f: "false", n: "null" };

/** Of repeated keys so many are told, and no more once their paths have so many characters. */
const DUPLICATES_MAX = 100;
const DUPLICATE_CHARACTERS_MAX = 1_000_000;

/** Throws `JsonError` unless the text is one JSON value. */
export function scanJson(text: string, { maxDepth, onDuplicate }: ScanOptions): void {
  const stack: Level[] = [];
  let at = skipSpace(text, 0);
  let [repeated, characters] = [0, 0];
  for (;;) {
    at = beginValue();
    // A value has ended; close what ends with it.
    for (;;) {
      at = skipSpace(text, at);
      const level = stack.at(-1);
      if (!level) {
        if (at < text.length) throw unexpected(text, at, "after top-level value");
        return;
      }
      const next = text[at];
      if (next === ",") {
        at = level.keys ? key(level, skipSpace(text, at + 1)) : skipSpace(text, at + 1);
        level.index += 1;
        break;
      }
      if (next !== (level.keys ? "}" : "]")) {
        throw unexpected(text, at, level.keys ? "after object key:value pair" : "after array element");
      }
      stack.pop();
      at += 1;
    }
  }

  /** The first ones. What is long was made by repetition: a path has the names of all that is around. */
  function tell(listener: (path: string) => void): void {
    if (repeated >= DUPLICATES_MAX || characters > DUPLICATE_CHARACTERS_MAX) return;
    const path = pathOf(stack);
    repeated++;
    characters += path.length;
    listener(path);
  }

  /** Enters objects and lists until a value is over. */
  function beginValue(): number {
    for (;;) {
      const first = text[at];
      if (first !== "{" && first !== "[") return scalar(text, at);
      if (stack.length >= maxDepth) throw new JsonError("exceeded max depth");
      const level: Level = { keys: first === "{" ? new Keys() : undefined, key: "", index: 0 };
      at = skipSpace(text, at + 1);
      if (text[at] === (first === "{" ? "}" : "]")) return at + 1;
      stack.push(level);
      if (level.keys) at = key(level, at);
    }
  }

  /** Reads `"key":` and tells of a repeated one. */
  function key(level: Level, from: number): number {
    if (text[from] !== '"') throw unexpected(text, from, "looking for beginning of object key string");
    const end = stringEnd(text, from);
    const raw = text.slice(from + 1, end - 1);
    level.key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
    if (onDuplicate && level.keys?.add(level.key)) tell(onDuplicate);
    const colon = skipSpace(text, end);
    if (text[colon] !== ":") throw unexpected(text, colon, "after object key");
    return skipSpace(text, colon + 1);
  }
}

function pathOf(stack: readonly Level[]): string {
  let path = "";
  for (const level of stack) {
    if (!level.keys) path += `[${level.index}]`;
    else path += path === "" ? level.key : `.${level.key}`;
  }
  return path;
}

function skipSpace(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** The index after the value. */
function scalar(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first === "-" || isDigit(first)) return numberEnd(text, at);
  const literal = first === undefined ? undefined : LITERALS[first];
  if (literal === undefined) throw unexpected(text, at, "looking for beginning of value");
  for (let i = 1; i < literal.length; i++) {
    if (text[at + i] !== literal[i]) {
      throw unexpected(text, at + i, `in literal ${literal} (expecting ${quoted(literal[i]!)})`);
    }
  }
  return at + literal.length;
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (Number.isNaN(code)) throw unexpected(text, at, "");
    if (code < 0x20) throw unexpected(text, at, "in string literal");
    if (code !== BACKSLASH) continue;
    at += 1;
    if (text[at] === "u") {
      for (let digit = 0; digit < 4; digit++) {
        at += 1;
        if (!/[0-9a-fA-F]/.test(text[at] ?? "")) {
          throw unexpected(text, at, "in \\u hexadecimal character escape");
        }
      }
    } else if (!ESCAPES.has(text[at]!)) throw unexpected(text, at, "in string escape code");
  }
}

function numberEnd(text: string, from: number): number {
  let at = text[from] === "-" ? from + 1 : from;
  if (!isDigit(text[at])) throw unexpected(text, at, "in numeric literal");
  at = text[at] === "0" ? at + 1 : digitsEnd(text, at);
  if (text[at] === ".") {
    if (!isDigit(text[at + 1])) throw unexpected(text, at + 1, "after decimal point in numeric literal");
    at = digitsEnd(text, at + 1);
  }
  if (text[at] === "e" || text[at] === "E") {
    at += text[at + 1] === "+" || text[at + 1] === "-" ? 2 : 1;
    if (!isDigit(text[at])) throw unexpected(text, at, "in exponent of numeric literal");
    at = digitsEnd(text, at);
  }
  return at;
}

function digitsEnd(text: string, at: number): number {
  while (isDigit(text[at])) at += 1;
  return at;
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= "0" && char <= "9";

function unexpected(text: string, at: number, where: string): JsonError {
  const code = text.codePointAt(at);
  if (code === undefined) return new JsonError("unexpected end of JSON input");
  return new JsonError(`invalid character ${quoted(String.fromCodePoint(code))} ${where}`);
}

/** As Go quotes a character. */
function quoted(char: string): string {
  if (char === "'") return "'\\''";
  return char === '"' ? "'\"'" : `'${JSON.stringify(char).slice(1, -1)}'`;
}
