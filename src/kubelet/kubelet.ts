import { mkdir, readFile } from "node:fs/promises";
import type { Taint } from "#api/core-v1/taint";
import { RuntimeClass } from "#api/node-v1/runtimeclass";
import { Service } from "#api/core-v1/service";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import { EventRecorder } from "#reconciler/events";
import { type ContainerRuntime, CriClient } from "./cri/client.ts";
import { isRpcUnimplemented } from "./cri/connection.ts";
import { ContainerdEvents, type RuntimeEvents } from "./cri/events.ts";
import { Housekeeping } from "./housekeeping.ts";
import { ImagePuller } from "./images/image-puller.ts";
import { machineFacts } from "./node/machine.ts";
import { NodeAgent } from "./node/node-agent.ts";
import type { NodeSettings } from "./node/node-status.ts";
import { OomKills } from "./node/oom-kills.ts";
import type { Directories } from "./pod/directories.ts";
import { parseResolvConf } from "./pod/dns.ts";
import { PodManager } from "./pod/pod-manager.ts";
import { podsOfNode, type PodSource } from "./pod/pod-source.ts";
import type { EventSink, ManagedServices, PodServices } from "./pod/services.ts";
import { PodCgroups } from "./resources/cgroups.ts";
import { CpuMeter } from "./stats/cpu.ts";
import { statsDocuments } from "./stats/documents.ts";
import { KubeletMetrics } from "./stats/metrics.ts";
import { type Summary, summary } from "./stats/summary.ts";
import { ObjectReferences } from "./volumes/references.ts";

const log = logger("kubelet");

export interface KubeletOptions {
  readonly client: Client;
  readonly nodeName: string;
  /** The node's own addresses, the first one first. */
  readonly nodeIPs: readonly string[];
  /** Path of the runtime's unix socket. */
  readonly runtimeSocket: string;
  /** Where images are served, if on another socket. */
  readonly imageSocket?: string;
  /** As `/var/lib/kubelet`. */
  readonly rootDir: string;
  /** As `/var/log/pods`. */
  readonly podLogsDir: string;
  /** Cgroup below which `kubepods` is made; each kubelet of a machine needs one of its own. */
  readonly cgroupRoot?: string;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** The node's own resolver settings. */
  readonly resolvConf?: string;
  /** Containers without a seccomp profile get the runtime's; on by default. */
  readonly seccompDefault?: boolean;
  readonly maxPods?: number;
  /** Where the kubelet serves logs, exec and the like. */
  readonly port?: number;
  readonly version: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly reserved?: { readonly milliCpu: number; readonly memoryBytes: number };
  /** Pods from elsewhere than the API's; for tests and for nodes without an API server. */
  readonly podSource?: PodSource;
  /** `false`: no object for the node, and no lease. */
  readonly register?: boolean;
  readonly events?: EventSink;
  readonly clock: Clock;
  readonly random: Random;
  /** The kubelet lives until it closes. Containers live on. */
  readonly scope: Scope;
}

/** Everything of a running kubelet that others build on. */
export interface Kubelet {
  readonly runtime: ContainerRuntime;
  readonly pods: PodManager;
  readonly dirs: Directories;
  readonly node: NodeAgent;
  readonly cgroups: PodCgroups;
  /** What the node and its pods use now. */
  summary(): Promise<Summary>;
  /** `/stats/summary`, `/metrics` and `/metrics/resource`, for the kubelet's server. */
  readonly documents: ReturnType<typeof statsDocuments>;
}

const RECONNECT_FIRST_MS = 100;
const RECONNECT_MAX_MS = 2_000;

/** Starts a kubelet; resolves when it follows its pods. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { client, clock, random, scope, nodeName, rootDir, podLogsDir } = options;
  const dirs: Directories = { root: rootDir, logs: podLogsDir };
  await Promise.all([mkdir(rootDir, { recursive: true }), mkdir(podLogsDir, { recursive: true })]);
  const runtime = new CriClient(options.runtimeSocket, options.imageSocket ?? options.runtimeSocket, clock);
  const runtimeEvents = new ContainerdEvents(options.runtimeSocket, clock);
  scope.defer(() => runtime.close());
  scope.defer(() => runtimeEvents.close());
  const informers = new InformerSet({ client, clock, random, scope });
  const cgroups = new PodCgroups(options.cgroupRoot ?? "/");
  const onPressure = () => node.changed();
  const housekeeping = new Housekeeping({ runtime, clock, dirs, cgroups, scope, onPressure });
  const machine = await machineFacts();
  const node = await NodeAgent.make({
    client,
    clock,
    runtime,
    machine,
    rootDir,
    settings: nodeSettings(options),
    labels: options.labels ?? {},
    taints: options.taints ?? [],
    pressures: () => housekeeping.pressures,
  });
  const events =
    options.events ??
    new EventRecorder({ client, clock, random, scope, component: "kubelet", host: nodeName });

  const metrics = new KubeletMetrics();
  const oomKills = new OomKills();
  scope.defer(() => oomKills.close());
  const services: Omit<PodServices, ManagedServices> = {
    client,
    clock,
    random,
    runtime,
    puller: new ImagePuller(runtime, clock, () => node.changed({ images: true })),
    references: new ObjectReferences({ client, clock, random, scope }),
    cgroups,
    events,
    metrics,
    oomKills,
    dirs,
    ...configured(options),
    node: {
      ips: options.nodeIPs,
      memoryBytes: machine.memoryBytes,
      allocatable: () => node.allocatable,
      pressures: () => housekeeping.pressures,
    },
    services: serviceLister(informers, options.podSource),
    runtimeHandler: async (name) => (await client.get(RuntimeClass, { name })).handler,
  };
  const pods = new PodManager(services, scope);
  if (options.register !== false) node.run(scope);
  scope.run((signal) => listen(runtimeEvents, pods, node, clock, signal));
  await pods.run(options.podSource ?? podsOfNode(informers, nodeName));
  housekeeping.run(pods);
  const meter = new CpuMeter();
  const startedAtMs = clock.now();
  const sources = { nodeName, startedAtMs, runtime, pods, machine, rootDir, meter, now: () => clock.now() };
  const use = () => summary(sources);
  metrics.watch(pods, nodeName);
  return { runtime, pods, dirs, node, cgroups, summary: use, documents: statsDocuments(metrics, use) };
}

const nodeSettings = (options: KubeletOptions): NodeSettings => ({
  name: options.nodeName,
  ips: options.nodeIPs,
  maxPods: options.maxPods ?? 110,
  port: options.port ?? 10_250,
  version: options.version,
  reserved: options.reserved ?? { milliCpu: 0, memoryBytes: 0 },
});

/** What pods are told of the cluster and of the node's own settings. */
const configured = (
  options: KubeletOptions,
): Pick<PodServices, "clusterDns" | "security" | "hostDns" | "hostsFile"> => ({
  clusterDns: { servers: options.clusterDNS, domain: options.clusterDomain },
  security: { seccompDefault: options.seccompDefault ?? true, seccompDir: `${options.rootDir}/seccomp` },
  hostDns: async () => parseResolvConf(await textOf(options.resolvConf ?? "/etc/resolv.conf")),
  hostsFile: () => textOf("/etc/hosts"),
});

/** Empty where there is no such file. */
const textOf = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

/** Pods without an API have no services either. */
function serviceLister(informers: InformerSet, source: PodSource | undefined): () => Iterable<Service> {
  if (source) return () => [];
  const services = informers.of(Service);
  return () => services.list();
}

/** Follows the runtime's events; after every gap, everything is looked at anew. */
async function listen(
  events: RuntimeEvents,
  pods: PodManager,
  node: NodeAgent,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let delayMs = RECONNECT_FIRST_MS;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const lookedAnew = lookAnew(pods, clock, AbortSignal.any([signal, attempt.signal]));
    try {
      for await (const event of events.subscribe({ signal })) {
        delayMs = RECONNECT_FIRST_MS;
        pods.heard(event);
      }
    } catch (error) {
      // A runtime without these events is looked at from time to time instead.
      if (isRpcUnimplemented(error)) delayMs = RECONNECT_MAX_MS;
      else if (!signal.aborted) log.warn("the runtime's events broke off", { error });
    }
    attempt.abort();
    await lookedAnew;
    if (signal.aborted) return;
    node.changed();
    await sleep(clock, delayMs, { signal }).catch(() => undefined);
    delayMs = Math.min(2 * delayMs, RECONNECT_MAX_MS);
  }
}

/** Once the runtime answers and events flow again: what happened before that was not told. */
async function lookAnew(pods: PodManager, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await sleep(clock, RECONNECT_FIRST_MS, { signal });
      return await pods.relist();
    } catch {
      if (signal.aborted) return;
    }
  }
}
