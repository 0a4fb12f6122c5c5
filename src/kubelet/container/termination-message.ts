/** What a container says about its own end. */
import { open } from "node:fs/promises";
import type { Container } from "../pod/spec.ts";

/** Of the message in the status, in bytes. */
const MESSAGE_BYTES_MAX = 4096;
/** Of the end of the log that stands in for a message. */
const LOG_BYTES_MAX = 2048;
const LOG_LINES_MAX = 80;
/** Log lines carry a time and a stream's name in front; read that much more. */
const LOG_READ_BYTES = 4 * LOG_BYTES_MAX;

/** `messageFile` and `logFile` are on the host. */
export async function terminationMessage(
  { terminationMessagePolicy }: Container,
  exitCode: number,
  messageFile: string,
  logFile: string,
): Promise<string> {
  const message = await readTail(messageFile, MESSAGE_BYTES_MAX);
  if (message !== "" || exitCode === 0 || terminationMessagePolicy !== "FallbackToLogsOnError")
    return message;
  return lastLines(await readTail(logFile, LOG_READ_BYTES));
}

async function readTail(path: string, bytesMax: number): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return "";
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The text of CRI log lines: `time stream tag text`, where tag P says that the line goes on. */
function lastLines(log: string): string {
  let text = "";
  for (const line of log.split("\n")) {
    const match = /^\S+ (?:stdout|stderr) ([FP])\S* ?(.*)$/.exec(line);
    if (match) text += `${match[2]}${match[1] === "F" ? "\n" : ""}`;
  }
  const lines = text.split("\n");
  return lines
    .slice(-(LOG_LINES_MAX + 1))
    .join("\n")
    .slice(-LOG_BYTES_MAX);
}
