/** Looks into JSON bytes without parsing them. The bytes are our own: canonical, without blanks between tokens. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BRACKET_TO_BRACE = 0x20;

/** A part of the bytes: `start <= at < end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The text at this path of object members; undefined when there is none. */
export function textAt(json: Buffer, path: readonly string[]): string | undefined {
  let at = 0;
  for (const name of path) {
    const member = json[at] === OPEN_OBJECT ? findMember(json, at, name) : undefined;
    if (!member) return undefined;
    at = member.start;
  }
  if (json[at] !== QUOTE) return undefined;
  const end = behindText(json, at);
  const text = json.toString("utf8", at + 1, end - 1);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

/** The value of a member of the object that begins at `open`. */
function findMember(json: Buffer, open: number, name: string): Span | undefined {
  let at = open + 1;
  while (at < json.length && json[at] === QUOTE) {
    const nameEnd = behindText(json, at);
    const start = nameEnd + 1;
    const end = behindValue(json, start);
    if (isText(json, at, nameEnd, name)) return { start, end };
    if (json[end] !== COMMA) return undefined;
    at = end + 1;
  }
  return undefined;
}

/**
 * The member of this name, with the comma before it, among those that follow at `at` in the same object: `at` is behind
 * a value of it.
 */
export function laterMember(json: Buffer, at: number, name: string): Span | undefined {
  let start = at;
  while (json[start] === COMMA) {
    const nameEnd = behindText(json, start + 1);
    if (json[nameEnd] !== COLON) return undefined;
    const end = behindValue(json, nameEnd + 1);
    if (isText(json, start + 1, nameEnd, name)) return { start, end };
    start = end;
  }
  return undefined;
}

/** Is this text, quotes included, the name? Names that are looked for need no escapes. */
function isText(json: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length + 2) return false;
  for (let index = 0; index < name.length; index++)
    if (json[start + 1 + index] !== name.charCodeAt(index)) return false;
  return true;
}

/** Behind the closing quote of the text that begins at `open`. */
function behindText(json: Buffer, open: number): number {
  for (let at = open + 1; at < json.length; at++) {
    const byte = json[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return json.length;
}

/** Behind the value that begins at `start`. Most bytes pass by here, so what is between quotes is skipped in place. */
function behindValue(json: Buffer, start: number): number {
  const { length } = json;
  let depth = 0;
  for (let at = start; at < length; at++) {
    const byte = json[at]!;
    // Braces and brackets differ in one bit.
    const folded = byte | BRACKET_TO_BRACE;
    if (byte === QUOTE) {
      for (at++; at < length; at++) {
        const within = json[at]!;
        if (within === QUOTE) break;
        if (within === BACKSLASH) at++;
      }
      if (depth === 0) return Math.min(at + 1, length);
    } else if (folded === OPEN_OBJECT) depth++;
    else if (folded === CLOSE_OBJECT) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return at;
  }
  return length;
}
