/** Runs in a thread of its own, all of whose sockets are inside one network namespace. */
import { createSocket } from "node:dgram";
import { createServer, connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { present } from "#base/assert";
import { systemClock } from "#base/clock";
import { enterNetworkNamespace } from "#base/node/network-namespace";

export type Task =
  | { readonly kind: "serve-tcp"; readonly port: number; readonly name: string }
  | { readonly kind: "serve-udp"; readonly port: number; readonly name: string }
  | { readonly kind: "tcp"; readonly address: string; readonly port: number; readonly timeoutMs: number }
  | {
      readonly kind: "udp";
      readonly address: string;
      readonly port: number;
      readonly timeoutMs: number;
      readonly sourcePort: number;
    };

export interface Answer {
  readonly id: number;
  readonly text: string;
}

enterNetworkNamespace((workerData as { readonly path: string }).path);
const parent = present(parentPort, "the thread that started this one");
parent.on("message", ({ id, task }: { readonly id: number; readonly task: Task }) => {
  perform(task)
    .catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
    .then((text) => parent.postMessage({ id, text } satisfies Answer));
});

function perform(task: Task): Promise<string> {
  switch (task.kind) {
    case "serve-tcp":
      return serveTcp(task.port, task.name);
    case "serve-udp":
      return serveUdp(task.port, task.name);
    case "tcp":
      return callTcp(task.address, task.port, task.timeoutMs);
    case "udp":
      return callUdp(task.address, task.port, task.timeoutMs, task.sourcePort);
  }
}

const plain = (address: string | undefined): string => (address ?? "").replace("::ffff:", "");

function serveTcp(port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`${name} ${plain(socket.remoteAddress)}`);
    });
    server.on("error", reject).listen(port, () => resolve("serving"));
  });
}

function serveUdp(port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp6");
    socket.on("message", (_packet, { address, port: senderPort }) =>
      socket.send(`${name} ${plain(address)}`, senderPort, address),
    );
    socket.on("error", reject).bind(port, () => resolve("serving"));
  });
}

function callTcp(host: string, port: number, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connect({ host, port, timeout: timeoutMs });
    socket.on("data", (bytes) => (said += bytes.toString()));
    socket.on("timeout", () => socket.destroy(Object.assign(new Error("silence"), { code: "ETIMEDOUT" })));
    socket.on("error", reject);
    socket.on("end", () => resolve(said));
  });
}

function callUdp(host: string, port: number, timeoutMs: number, sourcePort: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const finish = (act: () => void): void => {
      cancel();
      socket.close();
      act();
    };
    const cancel = systemClock.after(timeoutMs, () => finish(() => resolve("ETIMEDOUT")));
    socket.on("message", (bytes) => finish(() => resolve(bytes.toString())));
    socket.on("error", (error) => finish(() => reject(error)));
    socket.bind(sourcePort, () => {
      // Connected, so that a refusal comes back as an error.
      socket.connect(port, host, () => socket.send("?"));
    });
  });
}
