/** Text to tokens. */
import type { Issue } from "./issues.ts";
import { unescapeBytes, unescapeText } from "./string-literal.ts";
import { UInt, type Value } from "./values.ts";

export interface Token {
  /** An operator is its own kind. */
  readonly kind: "ident" | "quoted-ident" | "literal" | "end" | Operator;
  readonly at: number;
  /** As written. */
  readonly text: string;
  readonly value?: Value;
}

type Operator =
  | "=="
  | "!="
  | "<="
  | ">="
  | "<"
  | ">"
  | "&&"
  | "||"
  | "in"
  | "!"
  | "-"
  | "+"
  | "*"
  | "/"
  | "%"
  | "?"
  | ":"
  | "."
  | ","
  | "["
  | "]"
  | "{"
  | "}"
  | "("
  | ")";

const BLANK = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
const NUMBER =
  /0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y;
const OPENING = /([bB]?)([rR]?)("""|'''|"|')/y;
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED_IDENT = /`[A-Za-z0-9_.\-/ ]+`/y;
const OPERATOR = /==|!=|<=|>=|&&|\|\||[<>!\-+*/%?:.,[\]{}()]/y;

/** The text of the sticky pattern at this place. */
function take(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** All tokens, the last one of kind `end`. What is no token is reported and left out. */
export function tokenize(source: string, issues: Issue[]): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += take(BLANK, source, at)?.length ?? 0;
    if (at >= source.length) break;
    const token = stringToken(source, at, issues) ?? plainToken(source, at, issues);
    if (typeof token === "number") at = token;
    else {
      tokens.push(token);
      at += token.text.length;
    }
  }
  tokens.push({ kind: "end", at: source.length, text: "<EOF>" });
  return tokens;
}

/** A number means: go on there. */
function plainToken(source: string, at: number, issues: Issue[]): Token | number {
  const number = take(NUMBER, source, at);
  if (number !== undefined) return numberToken(number, at, issues);
  const ident = take(IDENT, source, at);
  if (ident !== undefined) return word(ident, at);
  const quoted = take(QUOTED_IDENT, source, at);
  if (quoted !== undefined) return { kind: "quoted-ident", at, text: quoted };
  const operator = take(OPERATOR, source, at);
  // The pattern allows operators only.
  if (operator !== undefined) return { kind: operator as Operator, at, text: operator };
  const char = String.fromCodePoint(source.codePointAt(at)!);
  // Half an operator takes the next character with it.
  const half = char === "|" || char === "&";
  return unknown(issues, at, half ? source.slice(at, at + 2) : char);
}

function unknown(issues: Issue[], at: number, text: string): number {
  issues.push({ at, message: `Syntax error: token recognition error at: '${text}'` });
  return at + text.length;
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function word(text: string, at: number): Token {
  if (text === "in") return { kind: "in", at, text };
  const value = WORDS.get(text);
  return value === undefined ? { kind: "ident", at, text } : { kind: "literal", at, text, value };
}

/** Ranges are checked by the parser, which knows about a sign before it. */
function numberToken(text: string, at: number, issues: Issue[]): Token {
  if (/^0[xX]/.test(text) || /^\d+[uU]?$/.test(text)) {
    const unsigned = /[uU]$/.test(text);
    const value = BigInt(unsigned ? text.slice(0, -1) : text);
    return { kind: "literal", at, text, value: unsigned ? new UInt(value) : value };
  }
  const value = Number(text);
  if (!Number.isFinite(value)) issues.push({ at, message: "invalid double literal" });
  return { kind: "literal", at, text, value };
}

function stringToken(source: string, at: number, issues: Issue[]): Token | number | undefined {
  OPENING.lastIndex = at;
  const opening = OPENING.exec(source);
  if (!opening) return undefined;
  const [head, bytes, raw] = opening;
  const quote = opening[3]!;
  const end = closingQuote(source, at + head.length, quote, raw !== "");
  if (end === undefined) return unknown(issues, at, firstLine(source.slice(at), quote));
  const text = source.slice(at, end + quote.length);
  const body = source.slice(at + head.length, end).replaceAll(/\r\n?/g, "\n");
  const value = bytes === "" ? unescapeText(body, raw !== "") : unescapeBytes(body, raw !== "");
  if (typeof value === "object" && "problem" in value) {
    if (value.problem === "code point") {
      issues.push({ at, message: "invalid unicode code point" });
      return { kind: "literal", at, text, value: "" };
    }
    return unknown(issues, at, text);
  }
  return { kind: "literal", at, text, value };
}

const firstLine = (text: string, quote: string): string =>
  quote.length === 3 ? text : text.split(/[\r\n]/, 1)[0]!;

/** Where the text inside ends. A short quote cannot span lines. */
function closingQuote(source: string, from: number, quote: string, raw: boolean): number | undefined {
  for (let at = from; at < source.length; at += 1) {
    if (source.startsWith(quote, at)) return at;
    const char = source[at];
    if (char === "\\" && !raw) at += 1;
    else if (quote.length === 1 && (char === "\n" || char === "\r")) return undefined;
  }
  return undefined;
}
