import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import type { Probe } from "../pod/spec.ts";
import { Prober } from "./prober.ts";

/** Runs a probe that answers by this list, one a second, and gives the verdicts with their times. */
async function verdicts(answers: string, probe: Partial<Probe>): Promise<string[]> {
  const clock = new VirtualClock();
  const startMs = clock.now();
  const found: string[] = [];
  let at = 0;
  const prober = new Prober({
    kind: "readiness",
    probe: { periodSeconds: 1, ...probe } as Probe,
    clock,
    startedAtMs: startMs,
    run: () => Promise.resolve({ success: answers[at++] === "+", output: "" }),
    onVerdict: (good) => found.push(`${good ? "good" : "bad"} at ${(clock.now() - startMs) / 1000}`),
    onFailure: () => undefined,
  });
  prober.start();
  const delay = (probe.initialDelaySeconds ?? 0) * 1000;
  await clock.advance(delay + (answers.length - 1) * 1000);
  prober.stop();
  await clock.advance(60_000);
  assert.equal(at, answers.length);
  return found;
}

const TABLE: readonly (readonly [string, string, Partial<Probe>, string[]])[] = [
  ["one success is enough", "+", {}, ["good at 0"]],
  ["three failures by default", "---", {}, ["bad at 2"]],
  ["a success between starts the count over", "--+--", {}, ["good at 2"]],
  ["said once until it changes", "++---++", {}, ["good at 0", "bad at 4", "good at 5"]],
  ["waits first", "+", { initialDelaySeconds: 5 }, ["good at 5"]],
  [
    "as many successes as asked",
    "-++",
    { successThreshold: 2, failureThreshold: 1 },
    ["bad at 0", "good at 2"],
  ],
];

for (const [name, answers, probe, wanted] of TABLE)
  test(name, async () => assert.deepEqual(await verdicts(answers, probe), wanted));
