/** Sockets of the DNS server. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Resolver } from "./resolver.ts";

const log = logger("dns");

export interface ListenAddress {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Room for bursts while the process is busy with something else. */
const RECEIVE_BUFFER_BYTES = 4 << 20;
const TCP_CONNECTIONS_MAX = 1_000;
const TCP_IDLE_MS = 10_000;
/** Answers that one connection may have on their way; until some are out, no more is read. */
const TCP_PIPELINE_MAX = 100;

/** One address, both ways of asking. */
export class Listener {
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #resolver: Resolver;
  readonly #clock: Clock;

  constructor({ address }: ListenAddress, resolver: Resolver, clock: Clock) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#udp = createSocket({
      type: address.includes(":") ? "udp6" : "udp4",
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      sendBufferSize: RECEIVE_BUFFER_BYTES,
      // Answers go to addresses, which need no looking up.
      lookup: (host, _options, done) => done(null, host, host.includes(":") ? 6 : 4),
    });
    this.#tcp = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#tcp.maxConnections = TCP_CONNECTIONS_MAX;
  }

  /** Listens at the address; the answer is the port. */
  async listen({ address, port }: ListenAddress): Promise<number> {
    this.#udp.on("message", (packet, sender) => this.#answer(packet, sender));
    // Without a look-up it listens before `bind` is back.
    const listening = once(this.#udp, "listening");
    this.#udp.bind(port, address);
    await listening;
    const bound = this.#udp.address().port;
    this.#udp.on("error", (error) => log.warn("UDP socket failed", { address, error }));
    this.#tcp.listen(bound, address);
    await once(this.#tcp, "listening");
    this.#tcp.on("error", (error) => log.warn("TCP socket failed", { address, error }));
    return bound;
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    if (this.#tcp.listening) await new Promise((resolve) => this.#tcp.close(resolve));
    await new Promise<void>((resolve) => {
      try {
        this.#udp.close(resolve);
      } catch {
        resolve(); // It was never bound.
      }
    });
  }

  #answer(packet: Buffer, { address, port }: RemoteInfo): void {
    let answer: ReturnType<Resolver["answer"]>;
    try {
      answer = this.#resolver.answer(packet, "udp");
    } catch (error) {
      return log.error("query failed", { error });
    }
    if (answer instanceof Promise) {
      answer
        .then((late) => late && this.#send(late, port, address))
        .catch((error) => log.error("query failed", { error }));
    } else if (answer) this.#send(answer, port, address);
  }

  #send(answer: Buffer, port: number, address: string): void {
    // A client that has gone is no concern of ours; the callback keeps its error from the socket.
    this.#udp.send(answer, 0, answer.length, port, address, ignore);
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    const stream = new TcpStream(socket, this.#resolver);
    let lastHeard = this.#clock.monotonic();
    let cancel = (): void => undefined;
    const watch = (): void => {
      cancel = this.#clock.after(TCP_IDLE_MS, () => {
        if (this.#clock.monotonic() - lastHeard >= TCP_IDLE_MS) socket.destroy();
        else watch();
      });
    };
    watch();
    socket.on("data", (bytes: Buffer) => {
      lastHeard = this.#clock.monotonic();
      stream.take(bytes);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      cancel();
      this.#connections.delete(socket);
    });
  }
}

const ignore = (): void => undefined;

/** Queries of one connection, each behind its length; answers go out as they are ready. */
class TcpStream {
  readonly #socket: Socket;
  readonly #resolver: Resolver;
  #got: Buffer = Buffer.alloc(0);
  #open = 0;

  constructor(socket: Socket, resolver: Resolver) {
    this.#socket = socket;
    this.#resolver = resolver;
  }

  take(bytes: Buffer): void {
    this.#got = this.#got.length === 0 ? bytes : Buffer.concat([this.#got, bytes]);
    while (this.#got.length >= 2) {
      const end = this.#got.readUInt16BE(0) + 2;
      if (this.#got.length < end) return;
      const packet = this.#got.subarray(2, end);
      this.#got = this.#got.subarray(end);
      void this.#answer(packet);
    }
  }

  async #answer(packet: Buffer): Promise<void> {
    if (++this.#open >= TCP_PIPELINE_MAX) this.#socket.pause();
    try {
      const answer = await this.#resolver.answer(packet, "tcp");
      if (answer && this.#socket.writable) this.#write(answer);
    } catch (error) {
      log.error("query failed", { error });
      this.#socket.destroy();
    }
    if (--this.#open < TCP_PIPELINE_MAX) this.#socket.resume();
  }

  #write(answer: Buffer): void {
    const framed = Buffer.allocUnsafe(answer.length + 2);
    framed.writeUInt16BE(answer.length, 0);
    answer.copy(framed, 2);
    this.#socket.write(framed);
  }
}
