/** Values as texts. */
import type { Duration, Timestamp } from "./values.ts";

/** The shortest text that reads back as the same number; an exponent where Go's `%g` writes one. */
export function printDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [digits = "", exponentText] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= EXPONENT_FROM) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return printPlain(value);
}

/** Numbers from ten to this power on get an exponent. */
const EXPONENT_FROM = 21;

/** Without an exponent, however long. */
export function printPlain(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  if (Math.abs(value) >= 1) return BigInt(value).toString();
  return value.toFixed(100).replace(/0+$/, "");
}

/** Seconds: `1.5s`. */
export function printDuration({ nanos }: Duration): string {
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  return `${sign}${withFraction(String(size / 1_000_000_000n), size % 1_000_000_000n)}s`;
}

const withFraction = (whole: string, nanos: bigint): string =>
  nanos === 0n ? whole : `${whole}.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;

/** `2006-01-02T15:04:05.999999999Z`, with as many digits as are needed. */
export function printTimestamp({ nanos }: Timestamp): string {
  const fraction = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (nanos - fraction) / 1_000_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${withFraction(text, fraction)}Z`;
}
