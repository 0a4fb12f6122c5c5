/**
 * The program `k8ts`. Exit codes: 0 all went well, 1 something failed, 2 the command line was not understood,
 * 128 + n ended by signal n; `kubectl exec` gives the code of the command it ran.
 */
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { dispatch } from "./dispatch.ts";
import type { Io } from "./io.ts";
import { Exit } from "./verb.ts";
import { verbs } from "./verbs.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
const BROKEN_PIPE = 141;

const ending = new AbortController();
const io: Io = {
  write: (text) => void process.stdout.write(text),
  tell: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: systemClock,
  random: systemRandom,
  signal: ending.signal,
};

let endsItself = false;
for (const [name, code] of Object.entries(SIGNALS)) {
  process.on(name, () => {
    // Asked twice is asked urgently.
    if (!endsItself || ending.signal.aborted) process.exit(code);
    ending.abort(new Exit(code));
  });
}
// Whoever read the output has read enough.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? BROKEN_PIPE : 1),
  );
}

async function main(): Promise<number> {
  try {
    return await dispatch(
      verbs,
      process.argv.slice(2),
      io,
      (verb) => (endsItself = verb.endsItself ?? false),
    );
  } catch (error) {
    if (error instanceof Exit) return error.code;
    const { explain, exitCodeOf } = await import("./errors.ts");
    io.tell(`${explain(error)}\n`);
    if (io.env.K8TS_DEBUG === "1" && error instanceof Error) io.tell(`${error.stack}\n`);
    return exitCodeOf(error);
  }
}

const code = await main();
// What was written is on its way when its callback comes; what else keeps the process alive is not waited for.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
