import { join } from "node:path";

export const DEFAULT_CLUSTER = "default";
export const DEFAULT_DATA_DIR = "/var/lib/k8ts";
const RUN_DIR = "/run/k8ts";

/** Where everything of one cluster on this machine is. */
export interface ClusterPlaces {
  readonly name: string;
  readonly dir: string;
  /** Sockets and pids; their paths must stay short. */
  readonly run: string;
  readonly settings: string;
  readonly store: string;
  readonly pki: string;
  readonly kubeconfig: string;
  /** What requests are put on record; without this file none are. */
  readonly auditPolicy: string;
  readonly auditLog: string;
  readonly serverPid: string;
  readonly serverLog: string;
  node(name: string): NodePlaces;
}

/** Where everything of one node is. */
export interface NodePlaces {
  readonly name: string;
  readonly dir: string;
  readonly run: string;
  readonly kubelet: string;
  readonly kubeconfig: string;
  readonly podLogs: string;
  readonly cniConfDir: string;
  readonly registries: string;
  readonly containerdRoot: string;
  readonly containerdState: string;
  readonly containerdSocket: string;
  readonly containerdConfig: string;
  readonly containerdPid: string;
  readonly containerdLog: string;
  readonly agentPid: string;
  readonly agentLog: string;
}

export function placesOf(name: string, dataDir: string = DEFAULT_DATA_DIR): ClusterPlaces {
  const dir = join(dataDir, name);
  const run = join(RUN_DIR, name);
  return {
    name,
    dir,
    run,
    settings: join(dir, "cluster.json"),
    store: join(dir, "store"),
    pki: join(dir, "pki"),
    kubeconfig: join(dir, "kubeconfig"),
    auditPolicy: join(dir, "audit-policy.yaml"),
    auditLog: join(dir, "audit.log"),
    serverPid: join(run, "server.pid"),
    serverLog: join(dir, "server.log"),
    node: (node) => nodePlaces(node, join(dir, "nodes", node), join(run, node)),
  };
}

const nodePlaces = (name: string, dir: string, run: string): NodePlaces => ({
  name,
  dir,
  run,
  kubelet: join(dir, "kubelet"),
  kubeconfig: join(dir, "kubeconfig"),
  podLogs: join(dir, "logs", "pods"),
  cniConfDir: join(dir, "cni"),
  registries: join(dir, "registries"),
  containerdRoot: join(dir, "containerd"),
  containerdState: join(run, "containerd"),
  containerdSocket: join(run, "containerd.sock"),
  containerdConfig: join(dir, "containerd.toml"),
  containerdPid: join(run, "containerd.pid"),
  containerdLog: join(dir, "logs", "containerd.log"),
  agentPid: join(run, "agent.pid"),
  agentLog: join(dir, "logs", "agent.log"),
});
