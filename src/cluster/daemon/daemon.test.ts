import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Clock, sleep, systemClock } from "#base/clock";
import { type Daemon, isUp, lastWords, pidOf, recordOf, runs, startDaemon, stopDaemon } from "./daemon.ts";

function daemonIn(t: TestContext): Daemon {
  const root = mkdtempSync(join(tmpdir(), "daemon-"));
  const daemon = { what: "test", pidFile: join(root, "run/d.pid"), logFile: join(root, "log/d.log") };
  t.after(async () => {
    await stopDaemon(daemon, systemClock);
    rmSync(root, { recursive: true });
  });
  return daemon;
}

test("a daemon runs until it is stopped, and its output is kept", async (t) => {
  const daemon = daemonIn(t);
  const { pid } = startDaemon(daemon, { program: "/bin/sh", args: ["-c", "echo ready; exec sleep 60"] });
  assert.equal(pidOf(daemon), pid);
  while (lastWords(daemon) === "") await sleep(systemClock, 5);
  const record = readFileSync(daemon.pidFile, "utf8");
  await stopDaemon(daemon, systemClock);
  writeFileSync(daemon.pidFile, record);
  assert.equal(pidOf(daemon), undefined, "the process is gone, not only its record");
  assert.equal(lastWords(daemon), "ready");
});

test("stopping what does not run does nothing", async (t) => {
  await stopDaemon(daemonIn(t), systemClock);
});

test("who has taken a daemon's place while it ended is ended too", async (t) => {
  const daemon = daemonIn(t);
  const next = { ...daemon, pidFile: `${daemon.pidFile}.next` };
  const { pid } = startDaemon(next, { program: "/bin/sleep", args: ["60"] });
  const { main } = recordOf(next);
  t.after(() => (runs(main) ? process.kill(pid, "SIGKILL") : undefined));
  const script = 'trap "mv $0.next $0; exit" TERM; echo ready; while :; do sleep 0.01; done';
  startDaemon(daemon, { program: "/bin/sh", args: ["-c", script, daemon.pidFile] });
  while (lastWords(daemon) === "") await sleep(systemClock, 5);
  await stopDaemon(daemon, systemClock);
  assert.ok(!runs(main));
  assert.equal(pidOf(daemon), undefined);
});

test("a daemon that is started again and again and is never ready does not run", async (t) => {
  const daemons = [daemonIn(t), daemonIn(t)];
  const records = daemons.map((daemon) => {
    startDaemon(daemon, { program: "/bin/sleep", args: ["60"] });
    return readFileSync(daemon.pidFile, "utf8");
  });
  const looping = daemonIn(t);
  const show = (which: number) => {
    mkdirSync(dirname(looping.pidFile), { recursive: true });
    writeFileSync(looping.pidFile, records[which]!);
  };
  let nowMs = 0;
  const clockThat = (does: () => void): Clock => ({
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, call) => {
      nowMs += delayMs;
      does();
      queueMicrotask(call);
      return () => undefined;
    },
  });
  show(0);
  assert.equal(
    await isUp(
      looping,
      clockThat(() => undefined),
    ),
    true,
    "it does not say that it is ready",
  );
  assert.equal(
    await isUp(
      looping,
      clockThat(() => show(1)),
    ),
    false,
  );
  rmSync(looping.pidFile);
});

test("a pid that belongs to another process by now is not the daemon", (t) => {
  const daemon = daemonIn(t);
  startDaemon(daemon, { program: "/bin/sleep", args: ["60"] });
  const [pid] = readFileSync(daemon.pidFile, "utf8").split(" ");
  t.after(() => process.kill(Number(pid), "SIGKILL"));
  writeFileSync(daemon.pidFile, `${pid} 1\n`);
  assert.equal(pidOf(daemon), undefined);
});

test("a daemon that says it is ready is heard", async (t) => {
  const daemon = daemonIn(t);
  await startDaemon(daemon, {
    program: "/bin/sh",
    args: ["-c", "echo ready >&$K8TS_READY_FD; exec sleep 60"],
  }).ready;
});

test("a daemon that ends before it is ready is reported with its last words", async (t) => {
  const { ready } = startDaemon(daemonIn(t), {
    program: "/bin/sh",
    args: ["-c", "echo no room"],
    notifies: true,
  });
  await assert.rejects(ready, /test ended before it was ready: no room/);
});
