/** What stands between quotes, with its escapes resolved. */

export interface LiteralProblem {
  readonly problem: "escape" | "code point";
}

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["a", "\u0007"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["'", "'"],
  ['"', '"'],
  ["`", "`"],
  ["\\", "\\"],
  ["?", "?"],
]);

/** `\x41`, `\u0041`, `\U00000041`, `\101` or one letter, after the backslash. */
const ESCAPE =
  /(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv'"`\\?]))/y;

interface Piece {
  readonly text?: string;
  readonly code?: number;
  /** Written `\u` or `\U`, which bytes do not allow. */
  readonly unicode?: boolean;
}

function pieces(body: string): readonly Piece[] | undefined {
  const found: Piece[] = [];
  let from = 0;
  for (let at = body.indexOf("\\"); at >= 0; at = body.indexOf("\\", from)) {
    if (at > from) found.push({ text: body.slice(from, at) });
    ESCAPE.lastIndex = at + 1;
    const match = ESCAPE.exec(body);
    if (!match) return undefined;
    const [all, hex, short, long, octal, letter] = match;
    const digits = hex ?? short ?? long;
    if (letter !== undefined) found.push({ text: SIMPLE.get(letter)! });
    else if (octal !== undefined) found.push({ code: Number.parseInt(octal, 8) });
    else found.push({ code: Number.parseInt(digits!, 16), unicode: hex === undefined });
    from = at + 1 + all.length;
  }
  found.push({ text: body.slice(from) });
  return found;
}

export function unescapeText(body: string, raw: boolean): string | LiteralProblem {
  if (raw || !body.includes("\\")) return body;
  const parts = pieces(body);
  if (!parts) return { problem: "escape" };
  let text = "";
  for (const { text: plain, code } of parts) {
    if (code === undefined) text += plain!;
    else if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return { problem: "code point" };
    else text += String.fromCodePoint(code);
  }
  return text;
}

const encoder = new TextEncoder();

export function unescapeBytes(body: string, raw: boolean): Uint8Array | LiteralProblem {
  if (raw || !body.includes("\\")) return encoder.encode(body);
  const parts = pieces(body);
  if (!parts || parts.some((piece) => piece.unicode)) return { problem: "escape" };
  const bytes = parts.flatMap(({ text, code }) => (code === undefined ? [...encoder.encode(text!)] : [code]));
  return Uint8Array.from(bytes);
}
