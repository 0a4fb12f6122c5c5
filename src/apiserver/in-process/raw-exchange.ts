import type { RawRequest, RawResponse } from "#client/transport";
import type { Exchange, Headers, OutgoingStream } from "../http/exchange.ts";

/** Bytes that wait for the reader of a streamed answer. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** Serves one request for any path without a socket. */
export function rawExchange(
  { method, path, query, headers = {}, body }: RawRequest,
  signal: AbortSignal | undefined,
  handle: (exchange: Exchange) => Promise<void>,
): Promise<RawResponse> {
  const sent = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const gone = new AbortController();
  if (signal) signal.addEventListener("abort", () => gone.abort(signal.reason), { once: true });
  return new Promise((resolve, reject) => {
    const header = (name: string) => sent.get(name);
    let answered = 0;
    let pipe: BytePipe | undefined;
    const exchange: Exchange = {
      get status() {
        return answered;
      },
      method,
      path: path.split("?")[0]!,
      search: query ? new URLSearchParams(query).toString() : (path.split("?")[1] ?? ""),
      credentials: { header, clientCertificate: undefined, remoteAddress: "127.0.0.1" },
      header,
      headerNames: () => sent.keys(),
      readBody: () => Promise.resolve(Buffer.from(body ?? [])),
      signal: gone.signal,
      sentBytes: 0,
      get unsent() {
        return pipe !== undefined && !pipe.stream.closed;
      },
      onSent: (callback) => pipe?.stream.onClose(callback),
      breakOff: () => pipe?.stream.destroy(),
      reply(status, answer, bytes) {
        if (answered !== 0) return;
        answered = status;
        resolve({ status, headers: flat(answer), body: once(bytes) });
      },
      open(status, answer) {
        const { stream } = (pipe = new BytePipe());
        // One that was answered in the meantime, as when its time was over.
        if (answered !== 0) stream.destroy();
        answered ||= status;
        gone.signal.addEventListener("abort", () => stream.destroy(), { once: true });
        resolve({ status, headers: flat(answer), body: pipe.read(() => gone.abort()) });
        return stream;
      },
      raw: { protocol: "in-process", body: body ?? new Uint8Array() },
    };
    handle(exchange).catch(reject);
  });
}

const flat = (headers: Headers): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : value.join(", "),
    ]),
  );

async function* once(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (bytes && bytes.length > 0) yield bytes;
}

/** What one side writes, the other reads. */
class BytePipe {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #broken = false;
  #wake: (() => void) | undefined;
  #onDrain: (() => void) | undefined;
  readonly #onClose: (() => void)[] = [];

  readonly stream: OutgoingStream;

  constructor() {
    const closed = () => this.#ended;
    this.stream = {
      write: (chunk) => this.#write(chunk),
      end: () => this.#close(false),
      destroy: () => this.#close(true),
      get closed() {
        return closed();
      },
      onDrain: (callback) => void (this.#onDrain = callback),
      onClose: (callback) => void this.#onClose.push(callback),
    };
  }

  async *read(abandoned: () => void): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const ready = this.#chunks;
        this.#chunks = [];
        const wasFull = this.#bytes >= WAITING_BYTES_MAX;
        this.#bytes = 0;
        if (wasFull) this.#onDrain?.();
        yield* ready;
        if (this.#chunks.length > 0) continue;
        if (this.#broken) throw new Error("the answer broke off");
        if (this.#ended) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
    } finally {
      this.#close(false);
      abandoned();
    }
  }

  #write(chunk: Uint8Array): boolean {
    if (this.#ended) return true;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wake?.();
    return this.#bytes < WAITING_BYTES_MAX;
  }

  #close(broken: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#broken = broken;
    this.#wake?.();
    for (const callback of this.#onClose) callback();
    this.#onDrain?.();
  }
}
