/** JSON text to values and back, without losing large integers, and with bounds. */
import { JsonError, scanJson } from "./json-scan.ts";

export { JsonError } from "./json-scan.ts";

export interface JsonLimits {
  /** Levels of objects and lists. */
  readonly maxDepth?: number;
  /** Called with the path (`spec.ports[0].name`) of every key that its object already had; the last one counts. */
  readonly onDuplicate?: (path: string) => void;
}

/** As Go's decoder. */
const DEPTH_MAX = 10_000;
/** Integers with more digits stay floating point numbers. */
const INTEGER_DIGITS_MAX = 400;
/** 2^53 has sixteen digits: a shorter run is always a safe integer. */
const LONG_DIGITS = 16;
const INTEGER = /^-?[0-9]+$/;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Parses one JSON value. Integers beyond 2^53 become bigints. Keys such as `__proto__` become plain own keys.
 * Throws `JsonError`.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): unknown {
  const text = typeof input === "string" ? input : decoder.decode(input);
  const { maxDepth = DEPTH_MAX, onDuplicate } = limits;
  // A text of fewer brackets than that cannot be too deep.
  if (onDuplicate || (text.length > 2 * maxDepth && mayBeDeeper(text, maxDepth))) {
    scanJson(text, { maxDepth, ...(onDuplicate ? { onDuplicate } : {}) });
  }
  try {
    return hasLongDigits(text) ? parseExactly(text) : JSON.parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new JsonError("exceeded max depth", { cause: error });
    scanJson(text, { maxDepth });
    throw new JsonError(String((error as Error).message), { cause: error });
  }
}

/** However such a run lies, it covers one of every sixteen places: where no digit stands there, the rest need no look. */
function hasLongDigits(text: string): boolean {
  for (let at = LONG_DIGITS - 1; at < text.length; at += LONG_DIGITS) {
    if (!isDigit(text, at)) continue;
    let start = at;
    while (isDigit(text, start - 1)) start--;
    let end = at + 1;
    while (isDigit(text, end)) end++;
    if (end - start >= LONG_DIGITS) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** Brackets in strings count too; it only has to be cheap and never wrong the other way. */
function mayBeDeeper(text: string, maxDepth: number): boolean {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code === 0x7b || code === 0x5b) && ++open > maxDepth) return true;
  }
  return false;
}

interface ReviverContext {
  readonly source?: string;
}

/** Slower: every number's own text is looked at. */
function parseExactly(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: ReviverContext): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? "";
    return INTEGER.test(source) && source.length <= INTEGER_DIGITS_MAX ? BigInt(source) : value;
  };
  return JSON.parse(text, revive);
}

const JsonWithRaw = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** The inverse of `parseJson`: bigints are written as integers. */
export function stringifyJson(value: unknown, space?: number): string {
  try {
    return JSON.stringify(value, undefined, space);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Only a bigint or a cycle gets here; the second fails again.
    return JSON.stringify(value, rawIntegers, space);
  }
}

const rawIntegers = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? JsonWithRaw.rawJSON(value.toString()) : value;

const encoder = new TextEncoder();

/** As `stringifyJson`, in UTF-8. */
export const encodeJson = (value: unknown): Uint8Array => encoder.encode(stringifyJson(value));
