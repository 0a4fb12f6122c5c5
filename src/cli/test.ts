import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { expectNone } from "./cluster-options.ts";
import type { Io } from "./io.ts";
import { requireRoot } from "./root.ts";
import { checkoutRoot } from "./test/checkout.ts";
import { abandonedRuns, TestRun } from "./test/leftovers.ts";
import { planTasks, type Task } from "./test/plan.ts";
import type { TestResult } from "./test/reporter.ts";
import { runTask, type TaskResult } from "./test/run-task.ts";
import type { Verb } from "./verb.ts";

/** Tasks at a time: more of them only share the same processors, and tests of machines wait for each other. */
const JOBS_MAX = 2;
/** What is not done by then fails, so that the whole ends in time. */
const TOTAL_MS_MAX = 19 * 60_000;

export const test: Verb = {
  usage: "k8ts test [--filter TEXT]",
  summary:
    "Runs all tests of the source checkout: types, lint, format, order; unit tests; tests with containers.",
  options: {
    filter: {
      type: "string",
      value: "TEXT",
      help: "only test files with this in their path, and checks in their name",
    },
  },
  endsItself: true,

  async run(args, io) {
    expectNone(args);
    const root = checkoutRoot();
    const tasks = planTasks(root, args.text("filter"));
    if (tasks.some(({ needsRoot }) => needsRoot)) requireRoot("test");
    for (const run of abandonedRuns()) await run.clear();
    const run = new TestRun();
    run.start();
    const progress = new Progress(io, root, tasks.length);
    try {
      await runAll(tasks, root, run, io, progress);
    } finally {
      progress.leftovers(await run.clear());
    }
    return progress.finish();
  },
};

async function runAll(
  tasks: readonly Task[],
  root: string,
  run: TestRun,
  io: Io,
  progress: Progress,
): Promise<void> {
  const late = new AbortController();
  const cancel = io.clock.after(TOTAL_MS_MAX, () => late.abort());
  const signal = AbortSignal.any([io.signal, late.signal]);
  const env = { ...io.env, NODE_COMPILE_CACHE: join(root, "dist", ".compile-cache"), ...run.env };
  const waiting = [...tasks];
  const work = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      if (signal.aborted) {
        progress.notRun(task);
        continue;
      }
      progress.started(task);
      const onResult = (result: TestResult) => progress.counted(result);
      progress.ended(await runTask(task, { root, env, clock: io.clock, signal, onResult }));
    }
  };
  const jobs = Math.min(JOBS_MAX, Math.max(1, availableParallelism()));
  await Promise.all(Array.from({ length: jobs }, work));
  cancel();
  if (io.signal.aborted) throw io.signal.reason;
}

/** Tells how it goes: a line for each task, and on a terminal one that changes. */
class Progress {
  readonly #io: Io;
  readonly #root: string;
  readonly #total: number;
  readonly #running = new Set<string>();
  readonly #failed: string[] = [];
  readonly #count = { passed: 0, failed: 0, skipped: 0 };
  #done = 0;

  constructor(io: Io, root: string, total: number) {
    this.#io = io;
    this.#root = root;
    this.#total = total;
  }

  started({ name }: Task): void {
    this.#running.add(name);
    this.#show();
  }

  counted({ outcome }: TestResult): void {
    this.#count[outcome]++;
    this.#show();
  }

  ended({ task, results, seconds, output }: TaskResult): void {
    this.#running.delete(task.name);
    this.#done++;
    const failed = results.filter(({ outcome }) => outcome === "failed");
    const counted = task.reports ? `${results.length} tests, ` : "";
    this.#line(
      `[${this.#done}/${this.#total}] ${failed.length === 0 ? "ok    " : "FAILED"} ${task.name} (${counted}${seconds.toFixed(1)} s)`,
    );
    for (const { name, file, error = "" } of failed) {
      const where = file === undefined ? name : `${relative(this.#root, file)}: ${name}`;
      this.#failed.push(where);
      this.#line(`\n✖ ${where}\n${indented(error)}\n`);
    }
    if (failed.length > 0 && task.reports && output !== "")
      this.#line(`output of ${task.name}:\n${indented(output)}\n`);
    this.#show();
  }

  notRun(task: Task): void {
    this.#done++;
    this.#count.failed++;
    this.#failed.push(`${task.name}: not run, the time was over`);
  }

  /** Whoever leaves something behind has a failed test. */
  leftovers(found: readonly string[]): void {
    if (found.length === 0) return;
    this.#count.failed++;
    this.#failed.push("the tests left something behind");
    this.#line(`\n✖ the tests left something behind; it was removed:\n${indented(found.join("\n"))}\n`);
  }

  /** Gives the exit code. */
  finish(): number {
    const { passed, failed, skipped } = this.#count;
    if (this.#failed.length > 0) this.#line(`\nfailed:\n${indented(this.#failed.join("\n"))}`);
    if (skipped > 0) this.#line(`${skipped} skipped`);
    this.#line(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  }

  #line(text: string): void {
    if (this.#io.stdout.isTTY) this.#io.write("\r\u001b[K");
    this.#io.write(`${text}\n`);
  }

  #show(): void {
    if (!this.#io.stdout.isTTY) return;
    const { passed, failed } = this.#count;
    const line = `[${this.#done}/${this.#total}] ${passed} passed, ${failed} failed; running ${[...this.#running].join(", ")}`;
    this.#io.write(`\r\u001b[K${line.slice(0, (this.#io.stdout.columns ?? 80) - 1)}`);
  }
}

const indented = (text: string): string => text.replaceAll(/^/gm, "    ");
