/**
 * Amounts of resources as text: `500m`, `1.5Gi`, `2e3`. The arithmetic is exact, in integers of one billionth; what
 * is finer than that is rounded up, away from zero.
 */

/** How an amount is printed: powers of ten by letter, powers of 1024 by letter, or powers of ten as `e3`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

export interface Quantity {
  /** Billionths. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

/** Longer texts are refused before any arithmetic. Characters. */
const TEXT_LENGTH_MAX = 512;
/** Exponents beyond this are refused: no machine holds such an amount. */
const EXPONENT_MAX = 512;
const NANO = 1_000_000_000n;
const INT64_MAX = 2n ** 63n - 1n;

const SHAPE = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]*))?$/;
const EXPONENT = /^[eE]([-+]?[0-9]+)$/;

const DECIMAL: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const DECIMAL_SUFFIX: ReadonlyMap<number, string> = new Map(
  Array.from(DECIMAL, ([text, power]) => [power, text]),
);
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

const WRONG_SHAPE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** A text that is no quantity. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function parseSuffix(text: string): Suffix {
  const power = DECIMAL.get(text);
  if (power !== undefined) return { base: 10, exponent: power, format: "DecimalSI" };
  const binary = BINARY.indexOf(text);
  if (binary > 0) return { base: 2, exponent: binary * 10, format: "BinarySI" };
  const exponent = EXPONENT.exec(text);
  if (!exponent) throw new QuantityError("unable to parse quantity's suffix");
  return { base: 10, exponent: Number(exponent[1]), format: "DecimalExponent" };
}

/** Texts whose amount is remembered. A cluster uses few different ones. */
const PARSED_MAX = 4096;
const parsed = new Map<string, Quantity>();

/** Throws `QuantityError` with upstream's text. */
export function parseQuantity(text: string): Quantity {
  const known = parsed.get(text);
  if (known) return known;
  const made = parse(text);
  if (parsed.size >= PARSED_MAX) parsed.clear();
  parsed.set(text, made);
  return made;
}

function parse(text: string): Quantity {
  const shape = text.length > TEXT_LENGTH_MAX ? null : SHAPE.exec(text);
  if (!shape) throw new QuantityError(WRONG_SHAPE);
  const suffix = parseSuffix(shape[2]!);
  const number = NUMBER.exec(shape[1]!);
  const whole = number?.[2] ?? "";
  const fraction = number?.[3] ?? "";
  if (!number || whole.length + fraction.length === 0 || Math.abs(suffix.exponent) > EXPONENT_MAX) {
    throw new QuantityError("unable to parse numeric part of quantity");
  }
  const digits = BigInt(whole + fraction);
  const nano =
    suffix.base === 10
      ? scaled(digits, suffix.exponent - fraction.length + 9)
      : scaled(digits << BigInt(suffix.exponent), 9 - fraction.length);
  return signed(number[1] === "-", nano, suffix.format);
}

function signed(negative: boolean, nano: bigint, format: QuantityFormat): Quantity {
  if (format !== "BinarySI") return { nano: negative ? -nano : nano, format };
  const capped = nano > INT64_MAX * NANO ? INT64_MAX * NANO : nano;
  const shown = capped > 0n && capped < NANO ? "DecimalSI" : format;
  return { nano: negative ? -capped : capped, format: shown };
}

/** `value` times ten to this power, rounded up where something is lost. `value` is not negative. */
function scaled(value: bigint, power: number): bigint {
  return power >= 0 ? value * 10n ** BigInt(power) : dividedUp(value, 10n ** BigInt(-power));
}

/** Rounded away from zero. */
function dividedUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** The canonical text: no precision lost, no fraction digits, the largest suffix that allows it. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return "0";
  if (format === "BinarySI" && nano % NANO === 0n) {
    const units = nano / NANO;
    if (units <= -1024n || units >= 1024n) return formatBinary(units);
  }
  return formatDecimal(nano, format === "DecimalExponent");
}

function formatBinary(units: bigint): string {
  let power = 0;
  while (units % 1024n === 0n && power < BINARY.length - 1) {
    units /= 1024n;
    power += 1;
  }
  return `${units}${BINARY[power]}`;
}

function formatDecimal(nano: bigint, asExponent: boolean): string {
  let mantissa = nano;
  let power = -9;
  const powerMax = asExponent ? Infinity : 18;
  while (mantissa % 1000n === 0n && power < powerMax) {
    mantissa /= 1000n;
    power += 3;
  }
  if (!asExponent) return `${mantissa}${DECIMAL_SUFFIX.get(power)}`;
  return power === 0 ? `${mantissa}` : `${mantissa}e${power}`;
}

const canonical = new Map<string, string>();

/** The text that stored objects have for this amount. Throws `QuantityError`. */
export function canonicalQuantity(text: string): string {
  const known = canonical.get(text);
  if (known !== undefined) return known;
  const made = formatQuantity(parseQuantity(text));
  if (canonical.size >= PARSED_MAX) canonical.clear();
  canonical.set(text, made);
  return made;
}

/** Whole units, rounded up; beyond 2^53 the nearest number there is. */
export const quantityValue = (text: string): number => Number(quantityUnits(text));

/** Whole units, rounded up, exact. */
export const quantityUnits = (text: string): bigint => dividedUp(parseQuantity(text).nano, NANO);

/** Thousandths, rounded up. */
export const quantityMilli = (text: string): number =>
  Number(dividedUp(parseQuantity(text).nano, 1_000_000n));

/** The sum, printed in the format of `a` unless `a` is zero. */
export function addQuantities(a: string, b: string): string {
  const [left, right] = [parseQuantity(a), parseQuantity(b)];
  const { format } = left.nano === 0n ? right : left;
  return formatQuantity({ nano: left.nano + right.nano, format });
}

/** `a - b`, printed in the format of `a` unless `a` is zero. */
export function subtractQuantities(a: string, b: string): string {
  const [left, right] = [parseQuantity(a), parseQuantity(b)];
  const { format } = left.nano === 0n ? right : left;
  return formatQuantity({ nano: left.nano - right.nano, format });
}

/** Negative when `a` is less than `b`, 0 when they are the same amount. */
export function compareQuantities(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [parseQuantity(a).nano, parseQuantity(b).nano];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `units` as canonical text: `quantityOf(2 ** 30, "BinarySI")` is `1Gi`. */
export const quantityOf = (units: number | bigint, format: QuantityFormat): string =>
  formatQuantity({ nano: BigInt(units) * NANO, format });

/** Thousandths as canonical text: 1500 is `1500m`. */
export const quantityOfMilli = (milli: number): string =>
  formatQuantity({ nano: BigInt(milli) * 1_000_000n, format: "DecimalSI" });
