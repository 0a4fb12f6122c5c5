import { KubeConfig } from "@kubernetes/client-node";
import { HELLO_IMAGE, type LocalCluster, startLocalCluster } from "../local-cluster.ts";

/** Names a kubeconfig of a cluster that already runs, to try tests against it; it needs the images. */
const KUBECONFIG_VARIABLE = "K8TS_CONFORMANCE_KUBECONFIG";

/** Images that all nodes have. */
export const images = {
  /** busybox; without a command it is a web server on port 8080 whose `/cgi-bin/hostname` says which pod answers. */
  web: HELLO_IMAGE,
  /** The same under another name, for updates. */
  webNext: "k8ts.local/hello:2",
} as const;

export interface SharedCluster {
  readonly kubeconfig: string;
  readonly config: KubeConfig;
  /** Undefined when the run was given a cluster. */
  readonly cluster: LocalCluster | undefined;
}

let starting: Promise<SharedCluster> | undefined;

/**
 * The one of this run, with two nodes, started by who asks first. It forgets history soon, as there is a behaviour to
 * be seen when it has.
 */
export const theCluster = (): Promise<SharedCluster> => (starting ??= start());

/** Gives what is left of it: nothing, if all is well. */
export async function removeTheCluster(): Promise<readonly string[]> {
  // One that did not start has removed itself.
  const shared = await starting?.catch(() => undefined);
  return (await shared?.cluster?.remove()) ?? [];
}

async function start(): Promise<SharedCluster> {
  const given = process.env[KUBECONFIG_VARIABLE];
  const options = { nodes: 2, images: [images.webNext], flags: { "etcd-compaction-interval": ["20s"] } };
  const cluster = given === undefined ? await startLocalCluster(options) : undefined;
  const kubeconfig = cluster?.kubeconfig ?? given!;
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  keepConnections(config);
  return { kubeconfig, config, cluster };
}

/** The client would make a pool of connections for every request, and shake hands anew: this one keeps its first. */
function keepConnections(config: KubeConfig): void {
  // Private in its types; there is no other place where it can be said.
  const maker = config as unknown as { createDispatcher(...options: readonly unknown[]): unknown };
  const create = maker.createDispatcher.bind(config);
  let kept: unknown;
  maker.createDispatcher = (...options) => (kept ??= create(...options));
}
