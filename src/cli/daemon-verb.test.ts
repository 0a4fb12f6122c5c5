import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "#base/clock";
import { pidOf, startDaemon, stopDaemon } from "#cluster/daemon/daemon";

/** A daemon whose work fails at once when it runs for the first time, and goes on for ever the second time. */
const PROGRAM = (folder: string) => `
import { appendFileSync, readFileSync } from "node:fs";
import { systemClock } from ${JSON.stringify(fileURLToPath(new URL("../base/clock.ts", import.meta.url)))};
import { runDaemon } from ${JSON.stringify(fileURLToPath(new URL("./daemon-verb.ts", import.meta.url)))};
const daemon = { what: "test", pidFile: ${JSON.stringify(join(folder, "pid"))}, logFile: ${JSON.stringify(join(folder, "log"))} };
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
const io = { signal: ending.signal, clock: systemClock, tell: (text) => process.stderr.write(text), env: {} };
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

test("a daemon that a mistake ends is started again, and ends when told to though its work does not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "daemon-verb-"));
  const daemon = { what: "test", pidFile: join(folder, "pid"), logFile: join(folder, "log") };
  const script = join(folder, "daemon.ts");
  writeFileSync(script, PROGRAM(folder));
  const runs = () =>
    existsSync(join(folder, "runs")) ? readFileSync(join(folder, "runs"), "utf8").trim().split("\n") : [];
  try {
    const again = new Promise<void>((resolve) => {
      const watcher = watch(folder, () => {
        if (runs().length < 2) return;
        watcher.close();
        resolve();
      });
    });
    await startDaemon(daemon, { program: process.execPath, args: [script], notifies: true }).ready;
    await again;
    assert.match(readFileSync(daemon.logFile, "utf8"), /ended by an error.*a mistake/);
    assert.equal(String(pidOf(daemon)), runs()[1]);
  } finally {
    await stopDaemon(daemon, systemClock);
    rmSync(folder, { recursive: true });
  }
});
