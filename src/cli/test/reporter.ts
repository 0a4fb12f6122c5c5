/** A reporter for `node --test`: each result as a line of JSON behind a mark, so that it is told from what tests print. */
import type { TestEvent } from "node:test/reporters";

/** Begins every line of the reporter's. */
export const MARK = "\u001E";

/** How one test ended. */
export interface TestResult {
  /** Path of the file; undefined for what has none. */
  readonly file: string | undefined;
  /** With the names of the tests around it. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly error?: string;
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  // The tests that are under way, from the outermost on.
  const around: string[] = [];
  for await (const { type, data } of events) {
    if (type === "test:start") around.splice(data.nesting, Infinity, data.name);
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, file, skip, todo, details } = data;
    // A suite is no test, a file without tests neither, and a test around others fails with them.
    if (details.type === "suite" || (type === "test:pass" && name === file)) continue;
    if (type === "test:fail" && isEcho(data.details.error)) continue;
    const optional = skip !== undefined || todo !== undefined;
    const outcome = optional ? "skipped" : type === "test:pass" ? "passed" : "failed";
    const error = outcome === "failed" && "error" in details ? { error: textOf(details.error) } : {};
    const path = [...around.slice(0, data.nesting), name].join(" > ");
    const result: TestResult = { file, name: path, outcome, ...error };
    yield `${MARK}${JSON.stringify(result)}\n`;
  }
}

const isEcho = (error: unknown): boolean =>
  (error as { readonly failureType?: string }).failureType === "subtestsFailed";

/** The runner wraps what the test threw. */
function textOf(error: unknown): string {
  const thrown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? "" : `\ncaused by: ${textOf(thrown.cause)}`;
  return `${thrown.stack ?? thrown.message}${cause}`;
}
