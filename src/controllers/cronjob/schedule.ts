/** Five fields of a crontab, a name such as `@daily`, or `@every 1h`; read in a time zone. */
import { parseDuration } from "#machinery/time";

const NAMED: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const DAY_MS = 86_400_000;
/** A day that never comes, such as the 30th of February, is not looked for any longer. */
const DAYS_AHEAD_MAX = 366 * 5;

export interface Schedule {
  /** The first time after this moment, in epoch milliseconds; undefined: never. */
  nextAfter(ms: number): number | undefined;
}

/** Throws a RangeError when it cannot be read; the API server lets no such schedule in. */
export function parseSchedule(text: string, timeZone = "UTC"): Schedule {
  if (text.startsWith("@every ")) return every(parseDuration(text.slice("@every ".length)));
  const [minute, hour, day, month, weekday, ...rest] = (NAMED[text] ?? text).trim().split(/\s+/);
  if (weekday === undefined || rest.length > 0) throw new RangeError(`not a schedule: ${text}`);
  const fields: Fields = {
    minutes: [...valuesOf(minute!, 0, 59)],
    hours: [...valuesOf(hour!, 0, 23)],
    days: valuesOf(day!, 1, 31),
    months: valuesOf(month!, 1, 12, MONTHS),
    weekdays: valuesOf(weekday, 0, 6, DAYS),
    anyDay: isAny(day!),
    anyWeekday: isAny(weekday),
  };
  return { nextAfter: (ms) => nextAfter(fields, offsetIn(timeZone), ms) };
}

interface Fields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
}

const every = (intervalMs: number): Schedule => ({
  nextAfter: (ms) => (Math.floor(ms / 1000) + Math.max(1, Math.floor(intervalMs / 1000))) * 1000,
});

const isAny = (field: string): boolean => field.startsWith("*") || field.startsWith("?");

function valuesOf(
  field: string,
  min: number,
  max: number,
  names: readonly string[] = [],
): ReadonlySet<number> {
  const numberOf = (text: string): number => {
    const named = names.indexOf(text.toLowerCase());
    return named >= 0 ? named + min : Number(text);
  };
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const [span = "", stepText] = part.split("/");
    const [from = "", to] = span.split("-");
    const any = isAny(span);
    const first = any ? min : numberOf(from);
    const openEnd = any || (to === undefined && stepText !== undefined);
    const last = openEnd ? max : numberOf(to ?? from);
    const step = stepText === undefined ? 1 : Number(stepText);
    if (![first, last, step].every(Number.isSafeInteger) || step < 1)
      throw new RangeError(`not a schedule: ${field}`);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return new Set([...values].toSorted((a, b) => a - b));
}

/** How far a zone's clocks are ahead of UTC at a moment, in milliseconds. */
type Offset = (ms: number) => number;

function offsetIn(timeZone: string): Offset {
  if (timeZone === "UTC" || timeZone === "Etc/UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (ms) => {
    const parts = Object.fromEntries(
      format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  };
}

function nextAfter(fields: Fields, offset: Offset, afterMs: number): number | undefined {
  const wallMs = afterMs + offset(afterMs);
  const firstDay = Math.floor(wallMs / DAY_MS) * DAY_MS;
  for (let ahead = 0; ahead <= DAYS_AHEAD_MAX; ahead++) {
    const dayMs = firstDay + ahead * DAY_MS;
    if (!isDue(fields, new Date(dayMs))) continue;
    for (const hour of fields.hours) {
      for (const minute of fields.minutes) {
        const at = fromWall(dayMs + (hour * 60 + minute) * 60_000, offset);
        if (at !== undefined && at > afterMs) return at;
      }
    }
  }
  return undefined;
}

/** With both a day of the month and a weekday given, either is enough. */
function isDue({ days, months, weekdays, anyDay, anyWeekday }: Fields, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [day, weekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return anyDay || anyWeekday ? day && weekday : day || weekday;
}

/** The moment at which a zone's clocks show this; undefined when they skip it. */
function fromWall(wallMs: number, offset: Offset): number | undefined {
  const guess = wallMs - offset(wallMs);
  const at = wallMs - offset(guess);
  return at + offset(at) === wallMs ? at : undefined;
}
