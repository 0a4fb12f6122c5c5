import { type Arguments, type Options, UsageError, type VerbTable } from "../../verb.ts";
import { generator, type MadeObject } from "./generator.ts";

const TCP: Options = {
  tcp: {
    type: "string",
    multiple: true,
    value: "PORT[:TARGET]",
    help: "a port, and the pods' port behind it",
  },
};
const NODE_PORT: Options = { "node-port": { type: "string", value: "PORT", help: "the port on every node" } };

function portsOf(args: Arguments, nodePort?: number) {
  return args
    .list("tcp")
    .flatMap((text) => text.split(","))
    .map((text) => {
      const [port = "", target = port, ...more] = text.split(":");
      if (!isPort(port) || more.length > 0)
        throw new UsageError(`invalid port ${JSON.stringify(text)}: write PORT or PORT:TARGET`);
      return {
        name: text.replace(":", "-"),
        port: Number(port),
        protocol: "TCP",
        targetPort: /^[0-9]+$/.test(target) ? Number(target) : target,
        ...(nodePort === undefined ? {} : { nodePort }),
      };
    });
}

const isPort = (text: string): boolean =>
  /^[0-9]{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536;

function made(name: string, spec: Readonly<Record<string, unknown>>): MadeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { labels: { app: name } },
    spec: { ...spec, selector: { app: name } },
  };
}

function needed<T>(ports: readonly T[]): readonly T[] {
  if (ports.length === 0) throw new UsageError("at least one tcp port specifier must be provided");
  return ports;
}

const clusterIp = generator({
  usage: "service clusterip NAME --tcp=PORT[:TARGET] [--clusterip=None]",
  summary: "Makes a service with an address inside of the cluster.",
  options: {
    ...TCP,
    clusterip: { type: "string", value: "ADDRESS", help: "its address, None for a headless service" },
  },
  make(name, args) {
    const clusterIP = args.text("clusterip");
    const ports = clusterIP === "None" ? portsOf(args) : needed(portsOf(args));
    return made(name, {
      type: "ClusterIP",
      ...(ports.length > 0 ? { ports } : {}),
      ...(clusterIP === undefined ? {} : { clusterIP }),
    });
  },
});

const nodePort = generator({
  usage: "service nodeport NAME --tcp=PORT[:TARGET] [--node-port=PORT]",
  summary: "Makes a service with a port on every node.",
  options: { ...TCP, ...NODE_PORT },
  make(name, args) {
    const text = args.text("node-port");
    if (text !== undefined && !isPort(text)) throw new UsageError(`invalid port ${JSON.stringify(text)}`);
    return made(name, {
      type: "NodePort",
      ports: needed(portsOf(args, text === undefined ? undefined : Number(text))),
    });
  },
});

const loadBalancer = generator({
  usage: "service loadbalancer NAME --tcp=PORT[:TARGET]",
  summary: "Makes a service with an address outside of the cluster.",
  options: TCP,
  make: (name, args) => made(name, { type: "LoadBalancer", ports: needed(portsOf(args)) }),
});

const externalName = generator({
  usage: "service externalname NAME --external-name=HOST [--tcp=PORT[:TARGET]]",
  summary: "Makes a service that is another name for a host.",
  options: { ...TCP, "external-name": { type: "string", value: "HOST", help: "the host" } },
  make(name, args) {
    const host = args.text("external-name");
    if (host === undefined) throw new UsageError("--external-name is required");
    const ports = portsOf(args);
    return made(name, { type: "ExternalName", externalName: host, ...(ports.length > 0 ? { ports } : {}) });
  },
});

export const service: VerbTable = {
  name: "k8ts kubectl create service",
  summary: "Makes a service for the pods with the label app=NAME.",
  verbs: {
    clusterip: { summary: "an address inside of the cluster", load: async () => clusterIp },
    externalname: { summary: "another name for a host", load: async () => externalName },
    loadbalancer: { summary: "an address outside of the cluster", load: async () => loadBalancer },
    nodeport: { summary: "a port on every node", load: async () => nodePort },
  },
};
