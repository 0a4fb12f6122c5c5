import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { SpdySession, type SpdyStream } from "#client/node/spdy/session";
import type { Upgraded } from "./kubelet-connection.ts";
import { acceptOrClose, offeredProtocols, sendWithPressure } from "./web-socket.ts";

/** The first byte of every WebSocket message says which stream it belongs to. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** In order of preference: only version 5 can say that the input is over. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const;

/** Of what a runtime says about how a command ended; the rest is dropped. */
const STATUS_BYTES_MAX = 1024 * 1024;

/** What kubelets and runtimes speak. */
export const SPDY_HEADERS = {
  connection: "Upgrade",
  upgrade: "SPDY/3.1",
  "x-stream-protocol-version": "v4.channel.k8s.io",
} as const;

export interface CommandStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The WebSocket protocol of ours that the client can speak. */
export const commandProtocol = (request: IncomingMessage): string | undefined =>
  PROTOCOLS.find((protocol) => offeredProtocols(request).includes(protocol));

/** Serves a command's streams on a WebSocket, from a kubelet's SPDY connection. */
export async function serveCommand(
  client: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  protocol: string,
  kubelet: Upgraded,
  streams: CommandStreams,
): Promise<void> {
  const session = new SpdySession(kubelet.socket, kubelet.head);
  const webSocket = await acceptOrClose(client, protocol, kubelet.socket);
  bridge(webSocket, session, streams);
}

function bridge(client: WebSocket, session: SpdySession, wanted: CommandStreams): void {
  const open = (streamtype: string) => session.open({ streamtype });
  const send = (channel: number, chunk: Uint8Array) =>
    sendWithPressure(client, Buffer.concat([Buffer.from([channel]), chunk]), session.socket);
  // The runtime waits for all streams, and takes the first for errors.
  const error = open("error");
  const outputs = [
    ...(wanted.stdout ? [{ channel: CHANNEL.stdout, stream: open("stdout") }] : []),
    ...(wanted.stderr && !wanted.tty ? [{ channel: CHANNEL.stderr, stream: open("stderr") }] : []),
  ];
  const inputs = new Map<number, SpdyStream>([
    ...(wanted.stdin ? [[CHANNEL.stdin, open("stdin")] as const] : []),
    ...(wanted.tty ? [[CHANNEL.resize, open("resize")] as const] : []),
  ]);
  let status: Buffer = Buffer.alloc(0);
  error.onData = (chunk) => {
    if (status.length < STATUS_BYTES_MAX) status = Buffer.concat([status, chunk]);
  };
  const finishWhenDone = () => {
    if (!error.ended || outputs.some(({ stream }) => !stream.ended)) return;
    if (status.length > 0) send(CHANNEL.error, status);
    client.close(1000);
    session.close();
  };
  error.onEnd = finishWhenDone;
  for (const { channel, stream } of outputs) {
    stream.onData = (chunk) => send(channel, chunk);
    stream.onEnd = finishWhenDone;
  }
  // The client learns which channels exist, and that the command's streams are there.
  for (const { channel } of outputs) send(channel, new Uint8Array());
  receive(client, session, inputs);
  finishWhenDone();
}

function receive(client: WebSocket, session: SpdySession, inputs: ReadonlyMap<number, SpdyStream>): void {
  client.on("message", (data: Buffer) => {
    const [channel, named] = data;
    if (channel === CHANNEL.close) return inputs.get(named ?? -1)?.end();
    const ready = inputs.get(channel ?? -1)?.write(data.subarray(1)) ?? true;
    if (ready) return;
    // What has arrived with it still comes.
    if (client.isPaused) return;
    client.pause();
    session.socket.once("drain", () => client.resume());
  });
  client.on("close", () => session.close());
  client.on("error", () => session.close());
}
