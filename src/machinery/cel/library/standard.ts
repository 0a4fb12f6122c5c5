/** The functions of the language itself. Operators stand here for the checker; they run in `operators.ts`. */
import { add, divide, multiply, negate, remainder, subtract } from "../arithmetic.ts";
import { FALSE_SPELLINGS, parseDouble, parseInteger, TRUE_SPELLINGS } from "../convert.ts";
import { printDouble, printDuration, printTimestamp } from "../print.ts";
import { Library } from "../function-table.ts";
import { BINARY } from "../operators.ts";
import {
  comparesTwo,
  concatenatesLists,
  concatenatesTexts,
  CONSTANT,
  countsCharacters,
  decodesText,
  encodesText,
  matchesPattern,
  type Pricing,
  readsText,
  searchesList,
  searchesText,
} from "../pricing.ts";
import { regexp } from "../regexp/regexp.ts";
import { PatternError } from "../regexp/syntax.ts";
import {
  CelError,
  type CelMap,
  codePoints,
  type Duration,
  isInt64,
  isUint64,
  type List,
  type Result,
  type Timestamp,
  typeNameOf,
  TypeValue,
  UInt,
  type Value,
} from "../values.ts";

export const standard = new Library();

const NUMBERS = ["int", "uint", "double"];
const ORDERED = ["bool", ...NUMBERS, "string", "bytes", "timestamp", "duration"];

function operator(name: string, parameters: string, result: string, price: Pricing = CONSTANT): void {
  standard.add(`${name}!(${parameters}) -> ${result}`, BINARY.get(name)!.apply as never, price);
}

for (const name of ["_<_", "_<=_", "_>_", "_>=_"]) {
  for (const type of ORDERED)
    operator(
      name,
      `${type}, ${type}`,
      "bool",
      type === "string" || type === "bytes" ? comparesTwo : CONSTANT,
    );
  for (const left of NUMBERS) {
    for (const right of NUMBERS) if (left !== right) operator(name, `${left}, ${right}`, "bool");
  }
}
operator("_==_", "A, A", "bool", comparesTwo);
operator("_!=_", "A, A", "bool", comparesTwo);
operator("@in", "A, list(A)", "bool", searchesList);
operator("@in", "A, map(A, B)", "bool");

const ARITHMETIC: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["_+_", add, NUMBERS],
  ["_-_", subtract, NUMBERS],
  ["_*_", multiply, NUMBERS],
  ["_/_", divide, NUMBERS],
  ["_%_", remainder, ["int", "uint"]],
];
for (const [name, , types] of ARITHMETIC) {
  for (const type of types) operator(name, `${type}, ${type}`, type);
}
operator("_+_", "string, string", "string", concatenatesTexts);
operator("_+_", "bytes, bytes", "bytes", concatenatesTexts);
operator("_+_", "list(A), list(A)", "list(A)", concatenatesLists);
operator("_+_", "duration, duration", "duration");
operator("_+_", "timestamp, duration", "timestamp");
operator("_+_", "duration, timestamp", "timestamp");
operator("_-_", "timestamp, timestamp", "duration");
operator("_-_", "timestamp, duration", "timestamp");
operator("_-_", "duration, duration", "duration");
standard
  .add("!_!(bool) -> bool", (value: boolean) => !value)
  .add("-_!(int) -> int", negate as never)
  .add("-_!(double) -> double", negate as never);

for (const [type, size] of [
  ["string", (value: string) => BigInt(codePoints(value))],
  ["bytes", (value: Uint8Array) => BigInt(value.length)],
  ["list(A)", (value: List) => BigInt(value.size)],
  ["map(A, B)", (value: CelMap) => BigInt(value.size)],
] as const) {
  const price = type === "string" ? countsCharacters : CONSTANT;
  standard
    .add(`size(${type}) -> int`, size as never, price)
    .add(`${type}.size() -> int`, size as never, price);
}

standard
  .add("type(A) -> type(A)", (value: Value) => new TypeValue(typeNameOf(value)))
  .add("dyn(A) -> dyn", (value: Value) => value)
  .add("string.contains(string) -> bool", (text: string, part: string) => text.includes(part), searchesText)
  .add("string.startsWith(string) -> bool", (text: string, part: string) => text.startsWith(part), {
    run: readsText(0).run,
    estimate: readsText(1).estimate,
  })
  .add("string.endsWith(string) -> bool", (text: string, part: string) => text.endsWith(part), {
    run: readsText(0).run,
    estimate: readsText(1).estimate,
  })
  .add("string.matches(string) -> bool", matches, matchesPattern)
  .add("matches(string, string) -> bool", matches, matchesPattern);

function matches(text: string, pattern: string): Result {
  try {
    return regexp(pattern).test(text);
  } catch (error) {
    if (error instanceof PatternError) return new CelError(error.message);
    throw error;
  }
}

const OVERFLOW = new CelError("integer overflow");
const UNSIGNED_OVERFLOW = new CelError("unsigned integer overflow");

const toInt = (value: bigint): Result => (isInt64(value) ? value : OVERFLOW);
const toUint = (value: bigint): Result => (isUint64(value) ? new UInt(value) : UNSIGNED_OVERFLOW);

/** Doubles beside the limits are out of range, since they do not say on which side they are. */
const intOfDouble = (value: number): Result =>
  Number.isFinite(value) && value > -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : OVERFLOW;

const uintOfDouble = (value: number): Result =>
  Number.isFinite(value) && value >= 0 && value < 2 ** 64
    ? new UInt(BigInt(Math.trunc(value)))
    : UNSIGNED_OVERFLOW;

standard
  .add("int(int) -> int", (value: bigint) => value)
  .add("int(uint) -> int", (value: UInt) => toInt(value.value))
  .add("int(double) -> int", intOfDouble)
  .add("int(string) -> int", (text: string) => {
    const value = parseInteger(text);
    return value === undefined
      ? new CelError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
      : toInt(value);
  })
  .add("int(timestamp) -> int", (value: Timestamp) => floorDivided(value.nanos, 1_000_000_000n))
  .add("int(duration) -> int", (value: Duration) => value.nanos)
  .add("uint(uint) -> uint", (value: UInt) => value)
  .add("uint(int) -> uint", (value: bigint) => toUint(value))
  .add("uint(double) -> uint", uintOfDouble)
  .add("uint(string) -> uint", (text: string) => {
    const value = /^\d+$/.test(text) ? BigInt(text) : undefined;
    return value === undefined
      ? new CelError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
      : toUint(value);
  })
  .add("double(double) -> double", (value: number) => value)
  .add("double(int) -> double", (value: bigint) => Number(value))
  .add("double(uint) -> double", (value: UInt) => Number(value.value))
  .add("double(string) -> double", (text: string) => {
    const value = parseDouble(text);
    return value ?? new CelError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  })
  .add("bool(bool) -> bool", (value: boolean) => value)
  .add("bool(string) -> bool", (text: string) => {
    if (TRUE_SPELLINGS.has(text)) return true;
    if (FALSE_SPELLINGS.has(text)) return false;
    return new CelError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  })
  .add("string(string) -> string", (value: string) => value)
  .add("string(bool) -> string", (value: boolean) => String(value))
  .add("string(int) -> string", (value: bigint) => String(value))
  .add("string(uint) -> string", (value: UInt) => String(value.value))
  .add("string(double) -> string", printDouble)
  .add("string(bytes) -> string", decode, decodesText)
  .add("string(timestamp) -> string", printTimestamp)
  .add("string(duration) -> string", printDuration)
  .add("bytes(bytes) -> bytes", (value: Uint8Array) => value)
  .add("bytes(string) -> bytes", (text: string) => new TextEncoder().encode(text), encodesText);

/** Towards earlier, also before 1970. */
function floorDivided(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

function decode(bytes: Uint8Array): Result {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new CelError("invalid UTF-8 in bytes, cannot convert to string");
  }
}
