import { createServer, type Server, type Socket } from "node:net";
import type { Pod } from "#api/core-v1/pod";
import { SpdySession } from "#client/node/spdy/session";
import type { Io } from "../io.ts";
import { type Arguments, UsageError, type Verb } from "../verb.ts";
import { type Cluster, connect } from "./cluster.ts";
import type { ApiKind } from "./kinds.ts";
import { at } from "./objects.ts";
import { onePodOf } from "./pods-of.ts";
import { oneObject } from "./selection.ts";
import { upgrade } from "./upgrade.ts";

const SPDY = { upgrade: "SPDY/3.1", "x-stream-protocol-version": "portforward.k8s.io" } as const;

export const portForward: Verb = {
  usage: "k8ts kubectl port-forward TYPE/NAME|POD [LOCAL:]REMOTE… [--address=127.0.0.1]",
  summary: "Makes ports of a pod reachable on this machine, until it is ended.",
  options: {
    address: {
      type: "string",
      multiple: true,
      value: "ADDRESS",
      help: "addresses to listen on, by default localhost",
    },
  },
  endsItself: true,

  async run(args, io) {
    const [target, ...ports] = args.positionals;
    if (target === undefined || ports.length === 0)
      throw new UsageError("TYPE/NAME and list of ports are required for port-forward");
    const wanted = ports.map(portsOf);
    const cluster = connect(args, io);
    try {
      const { kind, name } = oneObject(await cluster.kinds(), [target], "pods");
      const pod = await onePodOf(cluster, io, kind, name);
      if (pod.status.phase !== "Running")
        throw new Error(
          `unable to forward port because pod is not running. Current status=${pod.status.phase ?? "Unknown"}`,
        );
      const resolved = await inPod(cluster, kind, name, pod, wanted);
      await forward(cluster, io, pod, resolved, addressesOf(args));
      return 0;
    } finally {
      cluster.close();
    }
  },
};

interface Ports {
  /** 0: any that is free. Undefined: the same as in the pod. */
  readonly local: number | undefined;
  readonly remote: string;
}

/** `8080:80`, `80`, `:80`, `8080:http` */
export function portsOf(text: string): Ports {
  const [first = "", second, ...more] = text.split(":");
  const remote = second ?? first;
  const local = second === undefined ? undefined : Number(first || 0);
  if (!/^[a-z0-9-]{1,63}$/.test(remote) || more.length > 0 || (local !== undefined && !(local < 65_536)))
    throw new UsageError(`error parsing port ${JSON.stringify(text)}: write [LOCAL:]REMOTE`);
  return { local, remote };
}

interface Forwarded {
  readonly local: number;
  readonly remote: number;
}

/** Names and a service's ports become ports of the pod. */
async function inPod(
  cluster: Cluster,
  kind: ApiKind,
  name: string,
  pod: Pod,
  wanted: readonly Ports[],
): Promise<readonly Forwarded[]> {
  const service = kind.groupPlural === "services" ? await cluster.get(kind, name) : undefined;
  return wanted.map(({ local, remote }) => {
    const target = service ? targetOf(service, remote) : remote;
    const port = /^[0-9]+$/.test(target) ? Number(target) : namedPort(pod, target);
    if (port === undefined || port < 1 || port > 65_535)
      throw new Error(`Pod '${pod.metadata.name}' does not have a named port '${target}'`);
    return { local: local ?? (/^[0-9]+$/.test(remote) ? Number(remote) : port), remote: port };
  });
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
}

function targetOf(service: unknown, remote: string): string {
  const ports = (at(service, "spec.ports") ?? []) as readonly ServicePort[];
  const found = ports.find(({ name, port }) => String(port) === remote || name === remote);
  if (!found) throw new Error(`Service does not have a port ${remote}`);
  return String(found.targetPort ?? found.port);
}

const namedPort = ({ spec }: Pod, wanted: string): number | undefined =>
  spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === wanted)?.containerPort;

function addressesOf(args: Arguments): readonly string[] {
  const addresses = args.list("address").flatMap((text) => text.split(","));
  const all = addresses.length === 0 ? ["localhost"] : addresses;
  return all.flatMap((address) => (address === "localhost" ? ["127.0.0.1", "::1"] : [address]));
}

/** Listens and passes connections on until the signal, or the connection to the pod is lost. */
async function forward(
  cluster: Cluster,
  io: Io,
  pod: Pod,
  ports: readonly Forwarded[],
  addresses: readonly string[],
): Promise<void> {
  const pods = await cluster.kind("pods");
  const path = pods.path(pod.metadata.namespace, pod.metadata.name, "portforward");
  const { socket, head } = await upgrade(cluster.connection, path, SPDY);
  const session = new SpdySession(socket, head);
  const servers: Server[] = [];
  try {
    const passOn = connector(session, io);
    for (const { local, remote } of ports) {
      servers.push(...(await listenOn(addresses, local, remote, passOn, io)));
    }
    await new Promise<void>((resolve, reject) => {
      io.signal.addEventListener("abort", () => resolve(), { once: true });
      if (io.signal.aborted) resolve();
      socket.on("close", () => reject(new Error("lost connection to pod")));
    });
  } finally {
    for (const server of servers) server.close();
    socket.destroy();
  }
}

async function listenOn(
  addresses: readonly string[],
  local: number,
  remote: number,
  passOn: (client: Socket, port: number) => void,
  io: Io,
): Promise<readonly Server[]> {
  const servers: Server[] = [];
  let port = local;
  let failure: Error | undefined;
  for (const address of addresses) {
    const server = createServer({ allowHalfOpen: true }, (client) => passOn(client, remote));
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, address, resolve);
      });
    } catch (error) {
      // A machine may have only one of the two local addresses.
      failure = error as Error;
      continue;
    }
    port = (server.address() as { readonly port: number }).port;
    io.write(`Forwarding from ${address.includes(":") ? `[${address}]` : address}:${port} -> ${remote}\n`);
    servers.push(server);
  }
  if (servers.length === 0) throw new Error(`unable to listen on port ${local}`, { cause: failure });
  return servers;
}

/** Each connection is two streams: one for what can go wrong, one for the data. */
function connector(session: SpdySession, io: Io): (client: Socket, port: number) => void {
  let lastRequest = -1;
  return (client, port) => {
    io.write(`Handling connection for ${client.localPort}\n`);
    const headers = { port: String(port), requestid: String(++lastRequest) };
    const errors = session.open({ streamtype: "error", ...headers });
    const data = session.open({ streamtype: "data", ...headers });
    errors.end();
    let problem = "";
    errors.onData = (chunk) => (problem += chunk.toString("utf8"));
    errors.onEnd = () => {
      if (problem === "") return;
      io.tell(`an error occurred forwarding ${client.localPort} -> ${port}: ${problem}\n`);
      client.destroy();
    };
    data.onData = (chunk) => void client.write(chunk);
    data.onEnd = () => void client.end();
    client.on("data", (chunk: Buffer) => {
      if (data.write(chunk)) return;
      client.pause();
      session.socket.once("drain", () => client.resume());
    });
    client.on("end", () => data.end());
    client.on("error", () => data.end());
  };
}
