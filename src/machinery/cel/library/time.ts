/** Moments and spans: how they are made from text, and their parts. */
import { duration, timestamp } from "../arithmetic.ts";
import { Library } from "../function-table.ts";
import { parseDurationNanos, parseTime, TimeError } from "#machinery/time";
import { CelError, type Duration, type Result, type Timestamp } from "../values.ts";

export const time = new Library();

const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;

/** RFC 3339, to the nanosecond. */
export function parseTimestamp(text: string): Result {
  try {
    const fraction = /\.(\d{1,9})\d*(?=Z|[+-]\d\d:\d\d$)/.exec(text);
    const whole = fraction ? text.replace(fraction[0], "") : text;
    const nanos = fraction ? BigInt(fraction[1]!.padEnd(9, "0")) : 0n;
    return timestamp(BigInt(parseTime(whole)) * MILLISECOND + nanos);
  } catch (error) {
    if (error instanceof TimeError) return new CelError(error.message);
    throw error;
  }
}

export function parseSpan(text: string): Result {
  try {
    return duration(parseDurationNanos(text));
  } catch (error) {
    if (error instanceof TimeError) return new CelError(error.message);
    throw error;
  }
}

time
  .add("timestamp(string) -> timestamp", parseTimestamp)
  .add("timestamp(timestamp) -> timestamp", (value: Timestamp) => value)
  .add("timestamp(int) -> timestamp", (seconds: bigint) => timestamp(seconds * SECOND))
  .add("duration(string) -> duration", parseSpan)
  .add("duration(duration) -> duration", (value: Duration) => value)
  .add("duration(int) -> duration", (nanos: bigint) => duration(nanos));

const UNITS: readonly (readonly [string, bigint])[] = [
  ["getHours", 3600n * SECOND],
  ["getMinutes", 60n * SECOND],
  ["getSeconds", SECOND],
];
for (const [name, unit] of UNITS)
  time.add(`duration.${name}() -> int`, (value: Duration) => value.nanos / unit);
time.add("duration.getMilliseconds() -> int", (value: Duration) => (value.nanos / MILLISECOND) % 1000n);

/** Parts of the moment as a UTC date that shows the local time. */
const PARTS: readonly (readonly [string, (local: Date) => number])[] = [
  ["getFullYear", (local) => local.getUTCFullYear()],
  ["getMonth", (local) => local.getUTCMonth()],
  ["getDate", (local) => local.getUTCDate()],
  ["getDayOfMonth", (local) => local.getUTCDate() - 1],
  ["getDayOfWeek", (local) => local.getUTCDay()],
  ["getDayOfYear", dayOfYear],
  ["getHours", (local) => local.getUTCHours()],
  ["getMinutes", (local) => local.getUTCMinutes()],
  ["getSeconds", (local) => local.getUTCSeconds()],
  ["getMilliseconds", (local) => local.getUTCMilliseconds()],
];

function dayOfYear(local: Date): number {
  const first = new Date(local);
  first.setUTCMonth(0, 1);
  return Math.round((local.getTime() - first.getTime()) / 86_400_000);
}

for (const [name, part] of PARTS) {
  time
    .add(`timestamp.${name}() -> int`, (moment: Timestamp) => BigInt(part(new Date(millisOf(moment)))))
    .add(`timestamp.${name}(string) -> int`, (moment: Timestamp, zone: string) => {
      const offset = offsetOf(zone, millisOf(moment));
      return typeof offset === "number" ? BigInt(part(new Date(millisOf(moment) + offset))) : offset;
    });
}

/** Rounded down, so that dates before 1970 have the right second. */
const millisOf = ({ nanos }: Timestamp): number => {
  const millis = nanos / MILLISECOND;
  return Number(nanos % MILLISECOND < 0n ? millis - 1n : millis);
};

/** How far ahead of UTC the zone is at this moment. Milliseconds. */
function offsetOf(zone: string, millis: number): number | CelError {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return (fixed[1] === "-" ? -minutes : minutes) * 60_000;
  }
  if (zone === "" || zone === "UTC") return 0;
  const format = zoneFormat(zone);
  if (!format) return new CelError(`unknown time zone ${zone}`);
  const parts = new Map(format.formatToParts(millis).map(({ type, value }) => [type, Number(value)]));
  const local = new Date(0);
  local.setUTCFullYear(parts.get("year")!, parts.get("month")! - 1, parts.get("day")!);
  local.setUTCHours(parts.get("hour")!, parts.get("minute")!, parts.get("second")!);
  return local.getTime() - Math.floor(millis / 1000) * 1000;
}

/** Zones in use; more than there are in the world are not kept. */
const FORMATS_MAX = 600;
const formats = new Map<string, Intl.DateTimeFormat>();

function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    if (formats.size >= FORMATS_MAX) formats.clear();
    formats.set(zone, made);
    return made;
  } catch {
    return undefined;
  }
}
