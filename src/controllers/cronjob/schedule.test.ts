import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSchedule } from "./schedule.ts";

const next = (schedule: string, after: string, zone?: string) => {
  const at = parseSchedule(schedule, zone).nextAfter(Date.parse(after));
  return at === undefined ? "never" : new Date(at).toISOString().replace(".000Z", "Z");
};

for (const [schedule, after, expected, zone] of [
  ["*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"],
  ["*/5 * * * *", "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z"],
  ["30 4 * * *", "2026-01-01T05:00:00Z", "2026-01-02T04:30:00Z"],
  ["0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"],
  ["0 0 30 2 *", "2026-01-01T00:00:00Z", "never"],
  ["0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"],
  ["0 9 * * mon-fri", "2026-01-02T10:00:00Z", "2026-01-05T09:00:00Z"],
  ["5/20 * * * *", "2026-01-01T00:06:00Z", "2026-01-01T00:25:00Z"],
  ["@hourly", "2026-01-01T00:30:00Z", "2026-01-01T01:00:00Z"],
  ["@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"],
  ["0 12 * * *", "2026-01-15T00:00:00Z", "2026-01-15T11:00:00Z", "Europe/Berlin"],
  ["0 12 * * *", "2026-07-15T00:00:00Z", "2026-07-15T10:00:00Z", "Europe/Berlin"],
  // In the night to 29 March 2026 clocks in Berlin go from 02:00 to 03:00.
  ["30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z", "Europe/Berlin"],
] as const) {
  test(`${schedule} after ${after} ${zone ?? ""}`, () => assert.equal(next(schedule, after, zone), expected));
}
