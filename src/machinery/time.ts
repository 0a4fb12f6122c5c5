/**
 * Moments and spans as the API writes them. Moments are milliseconds since the Unix epoch (UTC), spans are
 * milliseconds; both may have a fraction where the text is finer.
 */

/** A text that is no time or duration; the message is the API's. */
export class TimeError extends Error {
  override readonly name = "TimeError";
}

const SECONDS_LAYOUT = "2006-01-02T15:04:05Z07:00";
const MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00";
const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;
const CANONICAL = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** Most moments written are now: the second of the last one is likely the next one's too. */
let lastSecond = { ms: NaN, text: "" };

/** `2006-01-02T15:04:05Z`; what is finer than a second is cut off. */
export function formatTime(ms: number): string {
  const secondMs = Math.floor(ms / 1000) * 1000;
  if (lastSecond.ms !== secondMs) lastSecond = { ms: secondMs, text: `${iso(secondMs).slice(0, 19)}Z` };
  return lastSecond.text;
}

/** `2006-01-02T15:04:05.000000Z`. */
export function formatMicroTime(ms: number): string {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  return `${iso(seconds * 1000).slice(0, 19)}.${String(micros - seconds * 1e6).padStart(6, "0")}Z`;
}

function iso(ms: number): string {
  const text = new Date(ms).toISOString();
  if (text.length !== 24) throw new TimeError("year is not in the range [0, 9999]");
  return text;
}

/** Any RFC 3339 text. Throws `TimeError`. */
export function parseTime(text: string): number {
  if (CANONICAL.test(text)) return Date.parse(text);
  return parse(text, SECONDS_LAYOUT);
}

/** As `parseTime`, for texts that must have six digits after the point. */
export function parseMicroTime(text: string): number {
  if (SHAPE.exec(text)?.[7]?.length !== 7) throw cannotParse(text, MICRO_LAYOUT);
  return parse(text, MICRO_LAYOUT);
}

/** The text that stored objects have: whole seconds, UTC. */
export const canonicalTime = (text: string): string =>
  CANONICAL.test(text) ? text : formatTime(parseTime(text));

/** The text that stored objects have: microseconds, UTC. */
export const canonicalMicroTime = (text: string): string => formatMicroTime(parseMicroTime(text));

function parse(text: string, layout: string): number {
  const parts = SHAPE.exec(text);
  if (!parts) throw cannotParse(text, layout);
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const broken =
    outside(month, 1, 12, "month") ??
    outside(hour, 0, 23, "hour") ??
    outside(minute, 0, 59, "minute") ??
    outside(second, 0, 59, "second") ??
    outside(day, 1, daysIn(year, month), "day");
  if (broken !== undefined)
    throw new TimeError(`parsing time ${JSON.stringify(text)}: ${broken} out of range`);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const fractionMs = parts[7] === undefined ? 0 : Number(`0.${parts[7].slice(1, 10)}`) * 1000;
  const offset = parts[8] === undefined ? 0 : (Number(parts[9]) * 60 + Number(parts[10])) * 60_000;
  return date.getTime() + fractionMs - (parts[8] === "-" ? -offset : offset);
}

const outside = (value: number, min: number, max: number, what: string): string | undefined =>
  value < min || value > max ? what : undefined;

const daysIn = (year: number, month: number): number => {
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  return last.getUTCDate();
};

/** Says which part of the layout the text stopped to follow, as Go's parser does. */
function cannotParse(text: string, layout: string): TimeError {
  const parts = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];
  let rest = text;
  let wanted = layout === MICRO_LAYOUT ? ".000000" : "Z07:00";
  for (const part of parts) {
    const fits = /\d/.test(part) ? new RegExp(`^\\d{${part.length}}`).test(rest) : rest.startsWith(part);
    if (!fits) {
      wanted = part;
      break;
    }
    rest = rest.slice(part.length);
  }
  const quoted = JSON.stringify(text);
  return new TimeError(
    `parsing time ${quoted} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${wanted}"`,
  );
}

const NANOS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["µs", 1000n],
  ["μs", 1000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** Go duration text (`1h30m`, `1.5s`, `-300ms`) to milliseconds. Throws `TimeError`. */
export const parseDuration = (text: string): number => Number(parseDurationNanos(text)) / 1e6;

/** As `parseDuration`, exact: nanoseconds. */
export function parseDurationNanos(text: string): bigint {
  const quoted = JSON.stringify(text);
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === "0") return 0n;
  if (rest === "" || text.length > 128) throw new TimeError(`time: invalid duration ${quoted}`);
  let total = 0n;
  while (rest !== "") {
    const part = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest)!;
    const [all, whole = "", fraction = "", unit = ""] = part;
    if (whole === "" && fraction === "") throw new TimeError(`time: invalid duration ${quoted}`);
    if (unit === "") throw new TimeError(`time: missing unit in duration ${quoted}`);
    const nanos = NANOS.get(unit);
    if (nanos === undefined)
      throw new TimeError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total +=
      BigInt(whole || "0") * nanos + (BigInt(fraction || "0") * nanos) / 10n ** BigInt(fraction.length);
    rest = rest.slice(all.length);
  }
  if (total > 2n ** 63n - 1n) throw new TimeError(`time: invalid duration ${quoted}`);
  return text.startsWith("-") ? -total : total;
}

/** Milliseconds as Go prints them: `1h0m0s`, `1.5s`, `300ms`, `0s`. */
export const formatDuration = (ms: number): string => formatDurationNanos(BigInt(Math.round(ms * 1e6)));

export function formatDurationNanos(nanos: bigint): string {
  if (nanos < 0n) return `-${formatDurationNanos(-nanos)}`;
  if (nanos === 0n) return "0s";
  if (nanos < 1000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`;
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 6)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** With this many digits after the point, less trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits);
  const fraction = String(value % scale)
    .padStart(digits, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${value / scale}` : `${value / scale}.${fraction}`;
}
