export type Level = "debug" | "info" | "warn" | "error";
type Values = Readonly<Record<string, unknown>>;

/** Where finished lines go: one record a call. */
export interface LogSink {
  readonly level: Level;
  write(level: Level, component: string, message: string, values: Values): void;
}

const RANK: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

let sink: LogSink = { level: "error", write: () => undefined };

/** The program that wires a process decides where its log goes; libraries and tests stay silent. */
export const setLogSink = (chosen: LogSink): void => void (sink = chosen);

export interface Log {
  debug(message: string, values?: Values): void;
  info(message: string, values?: Values): void;
  warn(message: string, values?: Values): void;
  error(message: string, values?: Values): void;
}

/** A log with a constant message and its values beside it: `log.info("pod bound", { pod, node })`. */
export function logger(component: string): Log {
  const at =
    (level: Level) =>
    (message: string, values: Values = {}) => {
      if (RANK[level] >= RANK[sink.level]) sink.write(level, component, message, values);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** One JSON object a line; errors become their message and cause chain. Values hide none of what every line has. */
export function jsonLines(level: Level, now: () => number, write: (line: string) => void): LogSink {
  return {
    level,
    write(lineLevel, component, message, values) {
      const record = { time: new Date(now()).toISOString(), level: lineLevel, component, message };
      write(
        `${JSON.stringify({ ...record, ...values, ...record, ...stackOf(lineLevel, values) }, plainError)}\n`,
      );
    },
  };
}

/** Errors that should not have been come with the place where they arose. */
const stackOf = (level: Level, { error }: Values): Values =>
  level === "error" && error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};

function plainError(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  return value.cause === undefined ? value.message : `${value.message}: ${causeText(value.cause)}`;
}

const causeText = (cause: unknown): string =>
  cause instanceof Error && cause.cause !== undefined
    ? `${cause.message}: ${causeText(cause.cause)}`
    : cause instanceof Error
      ? cause.message
      : String(cause);
