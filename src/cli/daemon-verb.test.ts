import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "#base/clock";
import { isUp, pidOf, recordOf, runs, startDaemon, stopDaemon } from "#cluster/daemon/daemon";

/** A daemon whose work fails at once when it runs for the first time, and goes on for ever the second time. */
const PROGRAM = (folder: string) => `
import { appendFileSync, readFileSync } from "node:fs";
import { sleep, systemClock } from ${JSON.stringify(fileURLToPath(new URL("../base/clock.ts", import.meta.url)))};
import { runDaemon } from ${JSON.stringify(fileURLToPath(new URL("./daemon-verb.ts", import.meta.url)))};
const daemon = { what: "test", pidFile: ${JSON.stringify(join(folder, "pid"))}, logFile: ${JSON.stringify(join(folder, "log"))} };
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
const io = { signal: ending.signal, clock: systemClock, tell: (text) => process.stderr.write(text), env: process.env };
process.exit(await runDaemon(io, daemon, async (scope) => {
  appendFileSync(${JSON.stringify(join(folder, "runs"))}, process.pid + "\\n");
  const first = readFileSync(${JSON.stringify(join(folder, "runs"))}, "utf8").trim().split("\\n").length === 1;
  scope.run(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (first) throw new Error("a mistake");
    await new Promise(() => undefined);
  });
}));
`;

function daemonIn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "daemon-verb-"));
  const daemon = { what: "test", pidFile: join(folder, "pid"), logFile: join(folder, "log") };
  t.after(async () => {
    await stopDaemon(daemon, systemClock);
    rmSync(folder, { recursive: true });
  });
  const script = join(folder, "daemon.ts");
  writeFileSync(script, PROGRAM(folder));
  const pids = () =>
    existsSync(join(folder, "runs"))
      ? readFileSync(join(folder, "runs"), "utf8").trim().split("\n").map(Number)
      : [];
  const started = (times: number) =>
    new Promise<void>((resolve) => {
      const watcher = watch(folder, () => {
        if (pids().length < times) return;
        watcher.close();
        resolve();
      });
    });
  const start = () =>
    startDaemon(daemon, { program: process.execPath, args: [script], notifies: true }).ready;
  return { daemon, pids, started, start };
}

test("a daemon that a mistake or a signal ends is started again, and ends when told to though its work does not", async (t) => {
  const { daemon, pids, started, start } = daemonIn(t);
  const second = started(2);
  await start();
  await second;
  assert.match(readFileSync(daemon.logFile, "utf8"), /ended by an error.*a mistake/);
  assert.ok(await isUp(daemon, systemClock));
  assert.equal(pidOf(daemon), pids()[1]);

  const third = started(3);
  process.kill(pids()[1]!, "SIGKILL");
  await third;
  assert.ok(await isUp(daemon, systemClock));
  assert.equal(pidOf(daemon), pids()[2]);
  assert.match(readFileSync(daemon.logFile, "utf8"), /started again.*"restarts":2/);
});

test("a daemon that was told to end stays away, whoever told it", async (t) => {
  const { daemon, pids, started, start } = daemonIn(t);
  const second = started(2);
  await start();
  await second;
  assert.ok(await isUp(daemon, systemClock));
  const { main, successor } = recordOf(daemon);
  process.kill(pids()[1]!, "SIGTERM");
  while (runs(main) || runs(successor)) await sleep(systemClock, 5);
  assert.ok(!(await isUp(daemon, systemClock)));
  assert.equal(pids().length, 2);
});
