import type { WebSocket } from "ws";
import { type Status, StatusError } from "#machinery/status";
import type { Io } from "../io.ts";
import { UsageError, type Verb } from "../verb.ts";
import { connect } from "./cluster.ts";
import { containerNames, defaultContainer, onePodOf } from "./pods-of.ts";
import { oneObject } from "./selection.ts";
import { BUFFERED_BYTES_MAX, openWebSocket } from "./web-socket.ts";

const PROTOCOL = "v5.channel.k8s.io";
/** The first byte of each message says which stream it belongs to. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export const exec: Verb = {
  usage: "k8ts kubectl exec POD|TYPE/NAME [-c CONTAINER] [-i] [-t] -- COMMAND…",
  summary: "Runs a command in a container. Its exit code is the command's.",
  options: {
    container: { type: "string", short: "c", value: "NAME", help: "the container" },
    stdin: { type: "boolean", short: "i", help: "pass standard input on" },
    tty: { type: "boolean", short: "t", help: "the command sees a terminal" },
    quiet: { type: "boolean", short: "q", help: "print only what the command prints" },
  },
  endsItself: true,

  async run(args, io) {
    const [target, ...more] = args.positionals;
    if (target === undefined) throw new UsageError("pod, type/name must be specified");
    if (more.length > 0 || !args.rest || args.rest.length === 0)
      throw new UsageError("you must specify the command after --: k8ts kubectl exec POD -- COMMAND");
    const cluster = connect(args, io);
    try {
      const { kind, name } = oneObject(await cluster.kinds(), [target], "pods");
      const pod = await onePodOf(cluster, io, kind, name);
      const { phase } = pod.status;
      if (phase === "Succeeded" || phase === "Failed")
        throw new Error(`cannot exec into a container in a completed pod; current phase is ${phase}`);
      const container = args.text("container") ?? defaultContainer(io, pod);
      if (!containerNames(pod).includes(container))
        throw new Error(`container ${container} is not valid for pod ${pod.metadata.name}`);
      const terminal = io.stdin.isTTY === true;
      const tty = args.flag("tty") && terminal;
      if (args.flag("tty") && !terminal)
        io.tell("Unable to use a TTY - input is not a terminal or the right kind of file\n");
      const stdin = args.flag("stdin");
      const query = new URLSearchParams([
        ...args.rest.map((word) => ["command", word]),
        ["container", container],
        ["stdout", "true"],
        ...(stdin ? [["stdin", "true"]] : []),
        ...(tty ? [["tty", "true"]] : [["stderr", "true"]]),
      ] as [string, string][]);
      const pods = await cluster.kind("pods");
      const path = pods.path(pod.metadata.namespace, pod.metadata.name, "exec");
      const socket = await openWebSocket(cluster.connection, path, query, PROTOCOL);
      return exitCode(await stream(socket, io, { stdin, tty }), io, args.flag("quiet"));
    } finally {
      cluster.close();
    }
  },
};

/** Passes the streams on until the command has ended; gives the server's last word. */
function stream(
  socket: WebSocket,
  io: Io,
  { stdin, tty }: { readonly stdin: boolean; readonly tty: boolean },
): Promise<Status> {
  const release = stdin ? sendInput(socket, io, tty) : () => undefined;
  const unwatch = tty ? sendSizes(socket, io) : () => undefined;
  const ending = () => socket.terminate();
  io.signal.addEventListener("abort", ending, { once: true });
  return new Promise<Status>((resolve, reject) => {
    let status: Status | undefined;
    socket.on("message", (data: Buffer) => {
      const content = data.subarray(1);
      if (data[0] === CHANNEL.stdout) write(socket, io.stdout, content);
      else if (data[0] === CHANNEL.stderr) write(socket, io.stderr, content);
      else if (data[0] === CHANNEL.error) status = JSON.parse(content.toString("utf8")) as Status;
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (status) resolve(status);
      else
        reject(
          io.signal.aborted
            ? io.signal.reason
            : new Error("the connection was closed before the command ended"),
        );
    });
  }).finally(() => {
    io.signal.removeEventListener("abort", ending);
    release();
    unwatch();
  });
}

/** Does not read on while nobody takes what was read. */
function write(socket: WebSocket, output: NodeJS.WritableStream, content: Uint8Array): void {
  if (content.length === 0 || output.write(content)) return;
  socket.pause();
  output.once("drain", () => socket.resume());
}

/** Gives what ends it. */
function sendInput(socket: WebSocket, { stdin }: Io, tty: boolean): () => void {
  if (tty) stdin.setRawMode?.(true);
  const onData = (chunk: Buffer | string) => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    socket.send(Buffer.concat([Buffer.from([CHANNEL.stdin]), bytes]), () => {
      if (stdin.isPaused() && socket.bufferedAmount < BUFFERED_BYTES_MAX) stdin.resume();
    });
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) stdin.pause();
  };
  const onEnd = () => socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]));
  stdin.on("data", onData);
  stdin.on("end", onEnd);
  return () => {
    stdin.off("data", onData);
    stdin.off("end", onEnd);
    stdin.pause();
    if (tty) stdin.setRawMode?.(false);
  };
}

function sendSizes(socket: WebSocket, { stdout }: Io): () => void {
  const send = () => {
    const size = JSON.stringify({ Width: stdout.columns ?? 80, Height: stdout.rows ?? 24 });
    socket.send(Buffer.concat([Buffer.from([CHANNEL.resize]), Buffer.from(size)]));
  };
  send();
  stdout.on("resize", send);
  return () => void stdout.off("resize", send);
}

function exitCode(status: Status, io: Pick<Io, "tell">, quiet: boolean): number {
  if (status.status === "Success") return 0;
  const causes = status.details?.causes ?? [];
  const code = causes.find(({ reason }) => reason === "ExitCode")?.message;
  if (code === undefined) throw new StatusError(status);
  if (!quiet) io.tell(`command terminated with exit code ${code}\n`);
  return Number(code);
}
