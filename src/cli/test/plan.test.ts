import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock";
import { VirtualClock } from "#base/virtual-clock";
import { balanced, planTasks, type Task } from "./plan.ts";
import { checkoutRoot } from "./checkout.ts";
import { MARK, type TestResult } from "./reporter.ts";
import { runTask } from "./run-task.ts";

test("groups of about the same weight", () => {
  const groups = balanced([5, 1, 1, 1, 1, 1], (weight) => weight, 2);
  assert.deepEqual(groups, [[5], [1, 1, 1, 1, 1]]);
  assert.deepEqual(
    balanced(["a"], () => 1, 3),
    [["a"]],
  );
});

test("the filter chooses files and checks; files with machines run alone and as root", () => {
  const root = checkoutRoot();
  const all = planTasks(root, undefined);
  const names = all.map(({ name }) => name);
  for (const name of ["tsc", "oxlint", "oxfmt", "tidy", "unit tests 1/6"])
    assert.ok(names.includes(name), name);
  for (const { name, files = [], needsRoot } of all) {
    assert.equal(needsRoot, name.endsWith(".test.ts") || name === "conformance", name);
    assert.equal(
      files.filter((file) => file.endsWith(".node.test.ts")).length,
      name.endsWith(".node.test.ts") ? 1 : 0,
    );
  }
  assert.deepEqual(
    planTasks(root, "tsc").map(({ name }) => name),
    ["tsc"],
  );
  assert.deepEqual(planTasks(root, "cli/test/plan.test")[0]?.files, ["src/cli/test/plan.test.ts"]);
  const [conformance, ...others] = planTasks(root, "test/conformance/");
  assert.deepEqual([conformance?.name, others], ["conformance", []]);
  assert.deepEqual(planTasks(root, "no such thing"), []);
});

const run = async (script: string, more: Partial<Task> = {}, clock = new VirtualClock()) => {
  const task: Task = {
    name: "t",
    command: [process.execPath, "-e", script],
    reports: true,
    needsRoot: false,
    timeoutMs: 1_000,
    ...more,
  };
  const seen: TestResult[] = [];
  const options = { root: "/", env: process.env, clock, signal: new AbortController().signal };
  const running = runTask(task, { ...options, onResult: (result) => void seen.push(result) });
  return { running, seen, clock };
};

const line = (outcome: string) =>
  `console.log(${JSON.stringify(`${MARK}${JSON.stringify({ name: "x", outcome })}`)})`;

test("results are read from among what tests print", async () => {
  const { running } = await run(
    `process.stdout.write("partial "); ${line("passed")}; console.error("noise"); ${line("skipped")}`,
  );
  const { results, output } = await running;
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ["passed", "skipped"],
  );
  assert.deepEqual(output.split("\n").toSorted(), ["noise", "partial "]);
});

test("a process that breaks is a failed test; one that fails by its tests is none more", async () => {
  const broken = await (await run(`${line("passed")}; process.exit(3)`)).running;
  assert.deepEqual(
    broken.results.map(({ outcome }) => outcome),
    ["passed", "failed"],
  );
  const failed = await (await run(`${line("failed")}; process.exit(1)`)).running;
  assert.deepEqual(
    failed.results.map(({ outcome }) => outcome),
    ["failed"],
  );
});

test("a process that hangs is ended, with all that it started", async () => {
  const { running, clock } = await run("setInterval(() => {}, 1000)");
  clock.advance(1_000);
  const { results } = await running;
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ["failed"],
  );
});

test("a check is one test, by its exit code", async () => {
  const good = await (await run("", { reports: false })).running;
  assert.deepEqual(
    good.results.map(({ name, outcome }) => [name, outcome]),
    [["t", "passed"]],
  );
  const bad = await (await run("console.log('why'); process.exit(1)", { reports: false })).running;
  assert.deepEqual(
    bad.results.map(({ error }) => error),
    ["why"],
  );
});

test("a file that does not load, or is not there, is a failed test", async () => {
  const root = checkoutRoot();
  const folder = mkdtempSync(join(tmpdir(), "load-"));
  try {
    const broken = join(folder, "broken.test.ts");
    writeFileSync(broken, 'throw new Error("no");');
    const good = join(folder, "good.test.ts");
    writeFileSync(good, 'import { test } from "node:test"; test("fine", () => undefined);');
    const [task] = planTasks(root, "cli/test/plan.test");
    const files = [broken, good, join(folder, "missing.test.ts")];
    const seen: TestResult[] = [];
    const options = { root, env: process.env, clock: systemClock, signal: new AbortController().signal };
    await runTask({ ...task!, files }, { ...options, onResult: (result) => void seen.push(result) });
    const outcomes = seen.map(({ name, outcome }) => `${basename(name)} ${outcome}`).toSorted();
    assert.deepEqual(outcomes, [
      "broken.test.ts loads failed",
      "fine passed",
      "missing.test.ts loads failed",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
