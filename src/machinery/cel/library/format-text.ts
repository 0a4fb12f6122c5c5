/** `"%d of %s".format([1, "x"])`. */
import { itemsOf } from "../arithmetic.ts";
import { printDuration, printPlain, printTimestamp } from "../print.ts";
import {
  CelError,
  CelMap,
  Duration,
  isError,
  List,
  type Result,
  Timestamp,
  typeNameOf,
  TypeValue,
  UInt,
  type Value,
} from "../values.ts";

/** Digits after the point where nothing is said. */
const PRECISION = 6;
/** More are refused. Digits. */
const PRECISION_MAX = 100;

const CLAUSE = /%(?:\.(\d+))?([\s\S]|$)/g;

export function formatText(text: string, args: List): Result {
  const values = itemsOf(args);
  if (isError(values)) return values;
  let used = 0;
  let made = "";
  let from = 0;
  for (const match of text.matchAll(CLAUSE)) {
    if (match.index < from) continue;
    made += text.slice(from, match.index);
    const [all, precisionText, clause = ""] = match;
    from = match.index + all.length;
    if (clause === "%") {
      made += "%";
      continue;
    }
    if (used >= values.length) return new CelError(`index ${used} out of range`);
    const precision = precisionText === undefined ? PRECISION : Number(precisionText);
    if (precision > PRECISION_MAX)
      return new CelError(
        `could not parse formatting clause: precision ${precision} exceeds maximum ${PRECISION_MAX}`,
      );
    const part = formatOne(clause, values[used]!, precision);
    if (isError(part)) return part;
    made += part;
    used += 1;
  }
  return made + text.slice(from);
}

function formatOne(clause: string, value: Value, precision: number): string | CelError {
  switch (clause) {
    case "s":
      return asText(value);
    case "d":
      return asDecimal(value);
    case "f":
      return asFloat(value, "fixed-point", (number) => fixed(number, precision));
    case "e":
      return asFloat(value, "scientific", (number) => scientific(number, precision));
    case "b":
      return asBinary(value);
    case "o":
      return asOctal(value);
    case "x":
      return asHex(value);
    case "X": {
      const made = asHex(value);
      return isError(made) ? made : made.toUpperCase();
    }
    default:
      return new CelError(`could not parse formatting clause: unrecognized formatting clause "${clause}"`);
  }
}

const wrong = (problem: string, value: Value): CelError =>
  new CelError(`error during formatting: ${problem}, was given ${typeNameOf(value)}`);

const integerIn = (value: Value): bigint | undefined =>
  typeof value === "bigint" ? value : value instanceof UInt ? value.value : undefined;

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? undefined : value > 0 ? "Infinity" : "-Infinity";
}

function asText(value: Value): string | CelError {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || value === null || typeof value === "bigint") return String(value);
  if (typeof value === "number") return special(value) ?? printPlain(value);
  if (value instanceof UInt) return String(value.value);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Timestamp) return printTimestamp(value);
  if (value instanceof Duration) return printDuration(value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof List) return listText(value);
  if (value instanceof CelMap && value.typeName === "map") return mapText(value);
  return wrong(
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
    value,
  );
}

function listText(list: List): string | CelError {
  const items = itemsOf(list);
  if (isError(items)) return items;
  const texts = items.map(asText);
  return texts.find(isError) ?? `[${texts.join(", ")}]`;
}

/** By the keys' texts, so that the order is always the same. */
function mapText(map: CelMap): string | CelError {
  const entries: (readonly [string, string])[] = [];
  for (const key of map.keys()) {
    const value = map.get(key)!;
    if (isError(value)) return value;
    const [keyText, valueText] = [asText(key), asText(value)];
    if (isError(keyText)) return keyText;
    if (isError(valueText)) return valueText;
    entries.push([keyText, valueText]);
  }
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${key}: ${value}`).join(", ")}}`;
}

function asDecimal(value: Value): string | CelError {
  const integer = integerIn(value);
  if (integer !== undefined) return String(integer);
  if (typeof value === "number") {
    const text = special(value);
    if (text !== undefined) return text;
  }
  return wrong("decimal clause can only be used on integers", value);
}

function asFloat(value: Value, clause: string, print: (value: number) => string): string | CelError {
  const integer = integerIn(value);
  if (integer !== undefined) return print(Number(integer));
  if (typeof value === "number") return special(value) ?? print(value);
  return wrong(`${clause} clause can only be used on doubles`, value);
}

/** Half to even, as the exact decimal value of the number says. */
function fixed(value: number, precision: number): string {
  const text = value.toFixed(precision);
  if (!text.includes("e")) return isOddTie(value, text, precision) ? roundedDown(value, precision) : text;
  const digits = BigInt(value).toString();
  return precision === 0 ? digits : `${digits}.${"0".repeat(precision)}`;
}

/** Exactly in the middle, and JavaScript went up to an odd digit. */
function isOddTie(value: number, rounded: string, precision: number): boolean {
  if (!/[13579]$/.test(rounded)) return false;
  const rest = value.toFixed(PRECISION_MAX).slice(pointOf(value) + precision);
  return /^50*$/.test(rest.replace(".", ""));
}

function roundedDown(value: number, precision: number): string {
  const exact = value.toFixed(PRECISION_MAX);
  return exact.slice(0, pointOf(value) + precision).replace(/\.$/, "");
}

/** Where the digits after the point begin. */
const pointOf = (value: number): number => value.toFixed(PRECISION_MAX).indexOf(".") + 1;

function scientific(value: number, precision: number): string {
  const [digits, exponent] = value.toExponential(precision).split("e");
  return `${digits}e${exponent![0]}${exponent!.slice(1).padStart(2, "0")}`;
}

function asBinary(value: Value): string | CelError {
  if (typeof value === "boolean") return value ? "1" : "0";
  const integer = integerIn(value);
  return integer === undefined
    ? wrong("only integers and bools can be formatted as binary", value)
    : integer.toString(2);
}

function asOctal(value: Value): string | CelError {
  const integer = integerIn(value);
  return integer === undefined
    ? wrong("octal clause can only be used on integers", value)
    : integer.toString(8);
}

function asHex(value: Value): string | CelError {
  const integer = integerIn(value);
  if (integer !== undefined) return integer.toString(16);
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return bytes instanceof Uint8Array
    ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : wrong("only integers, byte buffers, and strings can be formatted as hex", value);
}
