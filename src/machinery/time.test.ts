import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalMicroTime,
  canonicalTime,
  formatDuration,
  formatMicroTime,
  formatTime,
  parseDuration,
  parseDurationNanos,
  parseTime,
} from "./time.ts";

test("times become whole seconds in UTC", () => {
  const cases: Record<string, string> = {
    "2024-02-29T12:00:00Z": "2024-02-29T12:00:00Z",
    "2024-02-29T12:00:00.999Z": "2024-02-29T12:00:00Z",
    "2024-03-01T01:30:00+02:00": "2024-02-29T23:30:00Z",
    "2024-02-29T23:30:00-00:30": "2024-03-01T00:00:00Z",
    "0050-01-01T00:00:00Z": "0050-01-01T00:00:00Z",
    "1969-12-31T23:59:59.5Z": "1969-12-31T23:59:59Z",
  };
  for (const [given, expected] of Object.entries(cases)) assert.equal(canonicalTime(given), expected, given);
  assert.equal(parseTime("1970-01-01T00:00:01.5Z"), 1500);
  assert.equal(formatTime(-1), "1969-12-31T23:59:59Z");
});

test("micro times have six digits and must be sent with them", () => {
  assert.equal(canonicalMicroTime("2024-01-01T00:00:00.123456Z"), "2024-01-01T00:00:00.123456Z");
  assert.equal(canonicalMicroTime("2024-01-01T01:00:00.000001+01:00"), "2024-01-01T00:00:00.000001Z");
  assert.equal(formatMicroTime(1500.25), "1970-01-01T00:00:01.500250Z");
  assert.throws(() => canonicalMicroTime("2024-01-01T00:00:00Z"), /cannot parse "Z" as ".000000"/);
});

test("what is no time is refused with Go's words", () => {
  const layout = '"2006-01-02T15:04:05Z07:00"';
  const cases: Record<string, string> = {
    x: `parsing time "x" as ${layout}: cannot parse "x" as "2006"`,
    "": `parsing time "" as ${layout}: cannot parse "" as "2006"`,
    "2024-01-01": `parsing time "2024-01-01" as ${layout}: cannot parse "" as "T"`,
    "2024-01-01T00:00:00": `parsing time "2024-01-01T00:00:00" as ${layout}: cannot parse "" as "Z07:00"`,
    "2023-02-29T00:00:00Z": 'parsing time "2023-02-29T00:00:00Z": day out of range',
    "2023-13-01T00:00:00Z": 'parsing time "2023-13-01T00:00:00Z": month out of range',
  };
  for (const [text, message] of Object.entries(cases))
    assert.throws(() => parseTime(text), { message }, text);
});

test("durations", () => {
  const cases: [string, number, string][] = [
    ["0", 0, "0s"],
    ["1h", 3_600_000, "1h0m0s"],
    ["1h30m", 5_400_000, "1h30m0s"],
    ["90s", 90_000, "1m30s"],
    ["1.5s", 1500, "1.5s"],
    ["-300ms", -300, "-300ms"],
    ["+5us", 0.005, "5µs"],
    [".5h", 1_800_000, "30m0s"],
  ];
  for (const [text, ms, printed] of cases) {
    assert.equal(parseDuration(text), ms, text);
    assert.equal(formatDuration(ms), printed, text);
  }
  assert.equal(parseDurationNanos("2562047h47m16.854775807s"), 2n ** 63n - 1n);
  assert.throws(() => parseDuration(""), { message: 'time: invalid duration ""' });
  assert.throws(() => parseDuration("5"), { message: 'time: missing unit in duration "5"' });
  assert.throws(() => parseDuration("5d"), { message: 'time: unknown unit "d" in duration "5d"' });
});
