import { spawn } from "node:child_process";

/** A program that ended badly. The message holds what it said. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: number | undefined;

  constructor(command: string, exitCode: number | undefined, said: string, options?: ErrorOptions) {
    super(`${command}: ${said.trim() || `ended with ${exitCode ?? "a signal"}`}`, options);
    this.exitCode = exitCode;
  }
}

export interface CommandOptions {
  /** Given to the program as its standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end and gives what it wrote to standard output. */
export function runCommand(
  program: string,
  args: readonly string[],
  { input, signal }: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      signal,
    });
    let output = "";
    let said = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.on("error", (cause) => reject(new CommandFailed(program, undefined, cause.message, { cause })));
    child.on("close", (exitCode) => {
      if (exitCode === 0) resolve(output);
      else reject(new CommandFailed([program, ...args].join(" "), exitCode ?? undefined, said));
    });
    // A program that ends early closes the pipe; its exit code says why.
    child.stdin?.on("error", () => undefined).end(input);
  });
}
