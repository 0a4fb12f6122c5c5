import { readFile } from "node:fs/promises";
import type { Clock } from "#base/clock";

/** A token in a file may be replaced at any time; it is read again this often. */
const TOKEN_MS = 30_000;

/** What a TLS connection is opened with, PEM. A new object makes new connections. */
export interface TlsMaterial {
  /** Without it the machine's own authorities are trusted. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name in the server's certificate, where it is not the host's. */
  readonly serverName?: string | undefined;
  /** Any certificate will do. Only for tests and for looking at broken clusters. */
  readonly insecure?: boolean;
}

/** The bearer token of each request: a fixed one, or the content of a file. */
export class BearerToken {
  readonly #clock: Clock;
  readonly #file: string | undefined;
  #token: string | undefined;
  #readAtMs = -Infinity;

  constructor({ token, tokenFile }: { token?: string; tokenFile?: string }, clock: Clock) {
    this.#token = token;
    this.#file = tokenFile;
    this.#clock = clock;
  }

  async read(): Promise<string | undefined> {
    const now = this.#clock.monotonic();
    if (this.#file === undefined || now - this.#readAtMs < TOKEN_MS) return this.#token;
    this.#readAtMs = now;
    this.#token = (await readFile(this.#file, "utf8")).trim();
    return this.#token;
  }
}
