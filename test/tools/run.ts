import { spawn } from "node:child_process";

/** What became of a program that ran to its end. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** On top of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** It is killed after this time. */
  readonly withinMs?: number;
}

/** Programs that hang are ended, so that the test fails where it hangs; nothing takes so long on a busy machine. */
const WITHIN_MS = 240_000;

/** Runs a program to its end, whatever that is. */
export function run(
  program: string,
  args: readonly string[],
  { input, env, cwd, withinMs = WITHIN_MS }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, timeout: withinMs });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal) stderr += `\n${program} was ended by ${signal}`;
      resolve({ code: code ?? -1, stdout, stderr });
    });
    child.stdin.on("error", () => undefined).end(input);
  });
}

/** Runs a program that has to succeed; gives what it wrote. */
export async function output(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout;
  throw new Error(`${[program, ...args].join(" ")}: exit code ${code}\n${stderr}${stdout}`);
}

/** A program that is still running, and what it said so far. */
export interface Running {
  readonly said: () => string;
  /** Resolves with what was said as soon as it matches. */
  says(pattern: RegExp): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program that runs until it is stopped. */
export function start(program: string, args: readonly string[], { env, cwd }: RunOptions = {}): Running {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
  let text = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      for (const listener of listeners) listener();
    });
  }
  return {
    said: () => text,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => {
          listeners.delete(check);
          clearTimeout(timer);
          reject(new Error(`${program} ${args.join(" ")}: ${why} before it said ${pattern}:\n${text}`));
        };
        const check = () => {
          if (!pattern.test(text)) return;
          listeners.delete(check);
          clearTimeout(timer);
          resolve(text);
        };
        const timer = setTimeout(() => fail("time was over"), WITHIN_MS);
        listeners.add(check);
        check();
        void ended.then(() => listeners.has(check) && fail("ended"));
      }),
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await ended;
    },
  };
}
