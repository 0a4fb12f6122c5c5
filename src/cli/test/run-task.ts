import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock } from "#base/clock";
import { FILES_VARIABLE, type Task } from "./plan.ts";
import { MARK, type TestResult } from "./reporter.ts";

export interface TaskResult {
  readonly task: Task;
  readonly results: readonly TestResult[];
  readonly seconds: number;
  /** The last of what it printed beside results. */
  readonly output: string;
}

/** Lines of output that are kept. */
const OUTPUT_LINES_MAX = 200;

export interface RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onResult: (result: TestResult) => void;
}

/** Runs one task to its end. A process that breaks or hangs is a failed test of its own. */
export async function runTask(task: Task, options: RunOptions): Promise<TaskResult> {
  const { root, env, clock, signal, onResult } = options;
  const startedMs = clock.monotonic();
  const results: TestResult[] = [];
  const output: string[] = [];
  const add = (result: TestResult) => {
    results.push(result);
    onResult(result);
  };
  const [program, ...args] = task.command;
  // A group of its own, so that all that it started can be ended with it.
  const child = spawn(program, args, {
    cwd: root,
    env: { ...env, [FILES_VARIABLE]: JSON.stringify(task.files ?? []) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let late = false;
  const end = () => endGroup(child.pid);
  const cancel = clock.after(task.timeoutMs, () => {
    late = true;
    end();
  });
  signal.addEventListener("abort", end, { once: true });
  const take = (line: string) => {
    const mark = task.reports ? line.indexOf(MARK) : -1;
    const text = mark < 0 ? line : line.slice(0, mark);
    if (text !== "") output.push(text);
    if (output.length > OUTPUT_LINES_MAX) output.shift();
    if (mark >= 0) add(JSON.parse(line.slice(mark + 1)) as TestResult);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", take);
  const ended = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, by) =>
      resolve(code === 0 ? undefined : by ? `ended by ${by}` : `exit code ${code}`),
    );
  });
  cancel();
  signal.removeEventListener("abort", end);
  const seconds = (clock.monotonic() - startedMs) / 1000;
  const problem = late ? `not done after ${task.timeoutMs / 60_000} minutes` : ended;
  const said = output.join("\n");
  if (!task.reports) add(outcomeOf(task.name, problem, said));
  else if (problem !== undefined && (late || results.every(({ outcome }) => outcome !== "failed")))
    add(outcomeOf(`${task.name}: ${problem}`, problem, said));
  return { task, results, seconds, output: said };
}

const outcomeOf = (name: string, problem: string | undefined, output: string): TestResult =>
  problem === undefined
    ? { file: undefined, name, outcome: "passed" }
    : { file: undefined, name, outcome: "failed", error: output === "" ? problem : output };

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
