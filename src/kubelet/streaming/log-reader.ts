import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { isBefore, parseLogLine } from "./log-line.ts";

export interface LogOptions {
  readonly path: string;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** RFC 3339; lines before it are left out. */
  readonly since: string | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: "stdout" | "stderr" | "all";
  /** Aborts following once the container has ended; what is in the file by then is still read. */
  readonly ended: AbortSignal;
}

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** The log's text, chunk by chunk. Following goes on over rotation, until the container ends or the signal aborts. */
export async function* readLog(
  options: LogOptions,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const text of texts(options, signal)) {
    if (text.length >= left) {
      yield text.subarray(0, left);
      return;
    }
    left -= text.length;
    yield text;
  }
}

async function* texts(options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const changes = options.follow
    ? new Changes(options.path, AbortSignal.any([signal, options.ended]))
    : undefined;
  let file = await open(options.path, "r");
  try {
    const lines = new LineCutter(options);
    const { size } = await file.stat();
    let position = options.tailLines === undefined ? 0 : await tailPosition(file, size, options.tailLines);
    // Who does not follow sees the log as it is now: what is written meanwhile would be lines too many.
    if (!changes) return void (yield* readFrom(file, position, lines, size));
    for (;;) {
      // Noted before reading, so that nothing written meanwhile is slept over.
      const change = changes.next();
      position = yield* readFrom(file, position, lines);
      if (signal.aborted) return;
      const more = await change;
      const fresh = await replaced(options.path, file);
      if (fresh) {
        yield* readFrom(file, position, lines);
        await file.close();
        [file, position] = [fresh, 0];
      } else if (!more) {
        // The container is gone; its last words may have come after the last look.
        yield* readFrom(file, position, lines);
        return;
      }
    }
  } finally {
    changes?.close();
    await file.close();
  }
}

/** Reads on to `end`, or as far as there is something. Gives the place behind it. */
async function* readFrom(
  file: FileHandle,
  start: number,
  lines: LineCutter,
  end = Infinity,
): AsyncGenerator<Buffer, number> {
  let position = start;
  for (;;) {
    const length = Math.min(CHUNK_BYTES, end - position);
    if (length <= 0) return position;
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) return position;
    position += bytesRead;
    const text = lines.push(buffer.subarray(0, bytesRead));
    if (text.length > 0) yield text;
  }
}

/** The new file of this name, when the open one has been rotated away. */
async function replaced(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  const fresh = await open(path, "r").catch(() => undefined);
  if (!fresh) return undefined;
  const [now, before] = await Promise.all([fresh.stat(), file.stat()]);
  if (now.ino !== before.ino) return fresh;
  await fresh.close();
  return undefined;
}

/** Where the last `count` lines of the file's first `size` bytes begin. */
async function tailPosition(file: FileHandle, size: number, count: number): Promise<number> {
  if (count === 0) return size;
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    for (let index = bytesRead - 1; index >= 0; index--) {
      // The newline at the very end closes the last line; it does not begin another.
      if (buffer[index] !== NEWLINE || start + index === size - 1) continue;
      if (++found === count) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

/** Turns the file's lines into what the reader asked to see. */
class LineCutter {
  readonly #options: LogOptions;
  #pending: Buffer = Buffer.alloc(0);

  constructor(options: LogOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): Buffer {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const shown: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      shown.push(...this.#show(bytes.subarray(start, end)));
      start = end + 1;
    }
    this.#pending = bytes.subarray(start);
    return Buffer.concat(shown);
  }

  #show(raw: Buffer): Buffer[] {
    const line = parseLogLine(raw);
    const { stream, since, timestamps } = this.#options;
    if (!line || (stream !== "all" && line.stream !== stream)) return [];
    if (since !== undefined && isBefore(line.time, since)) return [];
    const parts = timestamps ? [Buffer.from(`${line.time} `), line.text] : [line.text];
    return line.partial ? parts : [...parts, Buffer.from("\n")];
  }
}

/** Changes in the folder of a file, as promises: true for a change, false when watching is over. */
class Changes {
  readonly #watcher;
  readonly #signal: AbortSignal;
  #changed = false;
  #wake: ((more: boolean) => void) | undefined;

  constructor(path: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#watcher = watch(dirname(path), () => this.#tell(true));
    this.#watcher.on("error", () => this.#tell(true));
    signal.addEventListener("abort", this.#over, { once: true });
  }

  next(): Promise<boolean> {
    if (this.#signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      if (this.#changed) {
        this.#changed = false;
        return resolve(true);
      }
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#over);
    this.#watcher.close();
  }

  readonly #over = (): void => this.#tell(false);

  #tell(more: boolean): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) wake(more);
    else this.#changed = more;
  }
}
