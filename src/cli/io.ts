import type { Clock } from "#base/clock";
import type { Random } from "#base/random";

/** What a command sees of the world around it. Tests bring their own. */
export interface Io {
  /** Standard output. */
  write(text: string): void;
  /** Standard error: progress, warnings, errors. */
  tell(text: string): void;
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<NodeJS.ReadStream, "isTTY" | "setRawMode">>;
  readonly stdout: NodeJS.WritableStream & Partial<Pick<NodeJS.WriteStream, "isTTY" | "columns" | "rows">>;
  readonly stderr: NodeJS.WritableStream & Partial<Pick<NodeJS.WriteStream, "isTTY">>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the user or the system wants the command to end. */
  readonly signal: AbortSignal;
}

/** All of standard input. */
export async function readStdin({ stdin }: Pick<Io, "stdin">): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}
