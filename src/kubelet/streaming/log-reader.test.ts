import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type LogOptions, readLog } from "./log-reader.ts";

const line = (second: number, text: string, { stream = "stdout", tag = "F" } = {}): string =>
  `2026-01-01T00:00:0${second}.5Z ${stream} ${tag} ${text}\n`;

function logFile(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "0.log");
  writeFileSync(path, content);
  return path;
}

const plain = (path: string): LogOptions => ({
  path,
  follow: false,
  timestamps: false,
  since: undefined,
  tailLines: undefined,
  limitBytes: undefined,
  stream: "all",
  ended: new AbortController().signal,
});

async function textOf(options: LogOptions): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of readLog(options, { signal: new AbortController().signal })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const LOG =
  line(1, "one") + line(2, "two", { stream: "stderr" }) + line(3, "thr", { tag: "P" }) + line(4, "ee");

const cases: [what: string, options: Partial<LogOptions>, text: string][] = [
  ["everything, partial lines joined", {}, "one\ntwo\nthree\n"],
  ["one stream", { stream: "stderr" }, "two\n"],
  ["timestamps", { timestamps: true, stream: "stderr" }, "2026-01-01T00:00:02.5Z two\n"],
  ["since a moment", { since: "2026-01-01T00:00:02.4Z" }, "two\nthree\n"],
  ["since a moment in another zone", { since: "2026-01-01T02:00:02.6+02:00" }, "three\n"],
  ["the last lines of the file", { tailLines: 2 }, "three\n"],
  ["more lines than there are", { tailLines: 9 }, "one\ntwo\nthree\n"],
  ["no lines", { tailLines: 0 }, ""],
  ["a number of bytes", { limitBytes: 5 }, "one\nt"],
];

for (const [what, options, text] of cases) {
  test(`a log: ${what}`, async (t) => {
    assert.equal(await textOf({ ...plain(logFile(t, LOG)), ...options }), text);
  });
}

test("the last lines of a file larger than one read", async (t) => {
  const many = Array.from({ length: 5_000 }, (_each, index) => line(1, `line ${index}`)).join("");
  assert.equal(await textOf({ ...plain(logFile(t, many)), tailLines: 2 }), "line 4998\nline 4999\n");
});

test("following goes on over rotation and ends with the container", async (t) => {
  const path = logFile(t, line(1, "one"));
  const ended = new AbortController();
  const log = readLog(
    { ...plain(path), follow: true, ended: ended.signal },
    { signal: new AbortController().signal },
  );
  const next = async () => String((await log.next()).value);
  assert.equal(await next(), "one\n");
  appendFileSync(path, line(2, "two"));
  assert.equal(await next(), "two\n");
  renameSync(path, `${path}.old`);
  writeFileSync(path, line(3, "three"));
  assert.equal(await next(), "three\n");
  const last = log.next();
  appendFileSync(path, line(4, "four"));
  ended.abort();
  assert.equal(String((await last).value), "four\n");
  assert.equal((await log.next()).done, true);
});

test("following ends when the reader goes away", async (t) => {
  const reader = new AbortController();
  const log = readLog({ ...plain(logFile(t, line(1, "one"))), follow: true }, { signal: reader.signal });
  await log.next();
  const waiting = log.next();
  reader.abort();
  assert.equal((await waiting).done, true);
});

test("what is written while a log is read is not part of it, unless it is followed", async (t) => {
  const many = line(1, "x".repeat(100)).repeat(2_000);
  const path = logFile(t, many);
  const reading = readLog({ ...plain(path), tailLines: 1_999 }, { signal: new AbortController().signal });
  const { value: first } = await reading.next();
  appendFileSync(path, line(2, "late"));
  let text = String(first);
  for await (const chunk of reading) text += chunk.toString();
  assert.equal(text, `${"x".repeat(100)}\n`.repeat(1_999));
});
