/** One line of a container's log file, as runtimes write it: `TIME STREAM TAG text`. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** The text goes on in the next line of the file. */
  readonly partial: boolean;
  readonly text: Buffer;
}

const SPACE = 0x20;

/** Undefined for what is not such a line. `line` is without its newline. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  if (first < 0 || second < 0) return undefined;
  const third = line.indexOf(SPACE, second + 1);
  const stream = line.toString("latin1", first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const tagEnd = third < 0 ? line.length : third;
  return {
    time: line.toString("latin1", 0, first),
    stream,
    partial: line.toString("latin1", second + 1, tagEnd).split(":")[0] === "P",
    text: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  };
}

/** Times of one width compare as text; fractions may have any length. */
export function isBefore(time: string, since: string): boolean {
  return normalised(time) < normalised(since);
}

function normalised(time: string): string {
  const match = /^(.*?)(?:\.([0-9]+))?(Z|[+-][0-9:]+)$/.exec(time);
  if (!match) return time;
  const [, whole, fraction = "", zone] = match;
  const seconds = zone === "Z" ? whole! : new Date(`${whole}${zone}`).toISOString().slice(0, 19);
  return `${seconds}.${fraction.padEnd(9, "0")}`;
}
