/** One question to one other server. */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Upstream } from "./resolv-conf.ts";

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks over UDP from a port of its own; the answer must come from there, with the number and the question it was asked. */
export function askOverUdp(
  query: Buffer,
  questionEnd: number,
  upstream: Upstream,
  options: ExchangeOptions,
): Promise<Buffer> {
  const asked = numbered(query, options.random);
  return new Promise((resolve, reject) => {
    const socket = createSocket(upstream.address.includes(":") ? "udp6" : "udp4");
    const settle = bounded(options, () => socket.close(), reject);
    socket.on("error", (error) => settle(() => reject(error)));
    socket.on("message", (packet) => {
      if (answers(packet, asked, questionEnd)) settle(() => resolve(packet));
    });
    // Connected: packets from anybody else do not even come up.
    socket.connect(upstream.port, upstream.address, () => socket.send(asked));
  });
}

/** Asks over TCP, where any length is possible. */
export function askOverTcp(
  query: Buffer,
  questionEnd: number,
  upstream: Upstream,
  options: ExchangeOptions,
): Promise<Buffer> {
  const asked = numbered(query, options.random);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: upstream.address, port: upstream.port });
    const settle = bounded(options, () => socket.destroy(), reject);
    let got: Buffer = Buffer.alloc(0);
    socket.on("error", (error) => settle(() => reject(error)));
    socket.on("close", () => settle(() => reject(new Error(`${upstream.address} closed the connection`))));
    socket.on("data", (bytes: Buffer) => {
      got = Buffer.concat([got, bytes]);
      const length = got.length >= 2 ? got.readUInt16BE(0) : Infinity;
      if (got.length < length + 2) return;
      const packet = got.subarray(2, length + 2);
      settle(() =>
        answers(packet, asked, questionEnd)
          ? resolve(packet)
          : reject(new Error("another question was answered")),
      );
    });
    const framed = Buffer.alloc(asked.length + 2);
    framed.writeUInt16BE(asked.length, 0);
    asked.copy(framed, 2);
    socket.write(framed);
  });
}

/** A number that nobody can guess, so that nobody else can answer. */
function numbered(query: Buffer, random: Random): Buffer {
  const asked = Buffer.from(query);
  asked.set(random.bytes(2), 0);
  return asked;
}

const answers = (packet: Buffer, asked: Buffer, questionEnd: number): boolean =>
  packet.length >= questionEnd &&
  packet.readUInt16BE(0) === asked.readUInt16BE(0) &&
  (packet[2]! & 0x80) !== 0 &&
  packet.subarray(12, questionEnd).equals(asked.subarray(12, questionEnd));

/** Ends once: with what comes first of an outcome, the time limit and the signal. */
function bounded(
  { clock, timeoutMs, signal }: ExchangeOptions,
  close: () => void,
  reject: (error: unknown) => void,
): (act: () => void) => void {
  let done = false;
  const settle = (act: () => void): void => {
    if (done) return;
    done = true;
    cancel();
    signal.removeEventListener("abort", abort);
    close();
    act();
  };
  const abort = (): void => settle(() => reject(signal.reason));
  const cancel = clock.after(timeoutMs, () =>
    settle(() => reject(new Error(`no answer within ${timeoutMs} ms`))),
  );
  signal.addEventListener("abort", abort, { once: true });
  return settle;
}
