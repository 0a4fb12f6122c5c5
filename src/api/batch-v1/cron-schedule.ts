/** Whether a text is a schedule: five fields as in crontab, or a name such as `@daily`. */

const NAMES = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]);
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Range {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly Range[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

function numberOf(text: string, { min, names }: Range): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** The first thing that is wrong with one field, in words. */
function fieldProblem(field: string, range: Range): string | undefined {
  for (const part of field.split(",")) {
    const [span = "", step, ...more] = part.split("/");
    if (more.length > 0) return `too many slashes: ${part}`;
    if (step !== undefined && !(Number(step) > 0))
      return `step of range should be a positive number: ${part}`;
    if (span === "*" || span === "?") continue;
    const [from = "", to = from, ...rest] = span.split("-");
    if (rest.length > 0) return `too many hyphens: ${part}`;
    const [first, last] = [numberOf(from, range), numberOf(to, range)];
    if (Number.isNaN(first)) return `failed to parse int from ${from}`;
    if (Number.isNaN(last)) return `failed to parse int from ${to}`;
    if (first < range.min) return `beginning of range (${first}) below minimum (${range.min}): ${part}`;
    if (last > range.max) return `end of range (${last}) above maximum (${range.max}): ${part}`;
    if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${part}`;
  }
  return undefined;
}

/** What is wrong with a schedule; undefined when nothing is. */
export function scheduleProblem(schedule: string): string | undefined {
  if (schedule.startsWith("@every ")) return undefined;
  if (schedule.startsWith("@"))
    return NAMES.has(schedule) ? undefined : `unrecognized descriptor: ${schedule}`;
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`;
  for (const [index, field] of fields.entries()) {
    const problem = fieldProblem(field, FIELDS[index]!);
    if (problem) return problem;
  }
  return undefined;
}

/** Does the world know this time zone? */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
