import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "#base/clock";

export interface RotatingFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** A file that would grow beyond this is put aside. Default 100 MiB. */
  readonly bytesMax?: number;
  /** Files put aside that are kept; default 10. */
  readonly backupsMax?: number;
  /** They are kept this long, in milliseconds; by default as long as there is room. */
  readonly ageMaxMs?: number;
}

/** Lines that wait for a slow disk. Bytes. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;

/** Appends lines to a file and puts it aside when it is full. Readable by its owner only. */
export class RotatingFile {
  readonly #options: Required<Omit<RotatingFileOptions, "ageMaxMs">> & Pick<RotatingFileOptions, "ageMaxMs">;
  #file: FileHandle;
  #bytes: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** The next piece: begins when the one before it is in the file. */
  #next: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: RotatingFileOptions, file: FileHandle, bytes: number) {
    this.#options = { bytesMax: 100 * 1024 * 1024, backupsMax: 10, ...options };
    this.#file = file;
    this.#bytes = bytes;
  }

  static async open(options: RotatingFileOptions): Promise<RotatingFile> {
    const file = await open(options.path, "a", 0o600);
    return new RotatingFile(options, file, (await file.stat()).size);
  }

  /** Resolves when the lines are in the file. Rejects where they cannot be, or too many wait already. */
  write(lines: string): Promise<void> {
    if (this.#waitingBytes + lines.length > WAITING_BYTES_MAX) {
      return Promise.reject(new Error(`the file could not keep up: ${this.#options.path}`));
    }
    this.#waiting.push(lines);
    this.#waitingBytes += lines.length;
    // Lines of one turn of the event loop, and all that come while others are written, go together.
    if (!this.#next) {
      this.#next = this.#last.then(() => this.#flush());
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#next = undefined;
    await this.#append(new TextEncoder().encode(text));
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.bytesMax) await this.#rotate();
    await this.#file.appendFile(bytes);
    this.#bytes += bytes.length;
  }

  /** `audit.log` becomes `audit-2026-01-01T00-00-00.000.log`. */
  async #rotate(): Promise<void> {
    const { path, clock } = this.#options;
    const { stem, ending } = parts(path);
    const moment = new Date(clock.now()).toISOString().slice(0, -1).replaceAll(":", "-");
    await rename(path, join(dirname(path), `${stem}-${moment}${ending}`));
    // Should this fail, lines go on into the file that was put aside.
    const fresh = await open(path, "a", 0o600);
    await this.#file.close();
    this.#file = fresh;
    this.#bytes = 0;
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const { path, clock, backupsMax, ageMaxMs } = this.#options;
    const directory = dirname(path);
    const { stem, ending } = parts(path);
    const names = (await readdir(directory))
      .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(ending))
      .toSorted()
      .toReversed();
    const tooMany = names.slice(backupsMax);
    const old: string[] = [];
    for (const name of ageMaxMs === undefined ? [] : names.slice(0, backupsMax)) {
      const { mtimeMs } = await stat(join(directory, name));
      if (clock.now() - mtimeMs > ageMaxMs!) old.push(name);
    }
    await Promise.all([...tooMany, ...old].map((name) => rm(join(directory, name), { force: true })));
  }
}

function parts(path: string): { readonly stem: string; readonly ending: string } {
  const name = basename(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? { stem: name, ending: "" } : { stem: name.slice(0, dot), ending: name.slice(dot) };
}
