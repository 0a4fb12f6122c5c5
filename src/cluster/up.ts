import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { parseAuditPolicy } from "#apiserver/audit/policy";
import { type Clock, systemClock } from "#base/clock";
import { clusterHash, type Fabric, type FabricNode } from "#network/machine/fabric";
import { freeRanges, startFabric } from "#network/machine/start-fabric";
import { writeAdminKubeconfig } from "./admin-kubeconfig.ts";
import { CertificateStore } from "./certificates/certificate-store.ts";
import { ensurePauseImage, startContainerd } from "./containerd/start.ts";
import { agentDaemon, serverDaemon } from "./daemons.ts";
import { type Command, type Daemon, isUp, startDaemon, stopDaemon } from "./daemon/daemon.ts";
import { type FlagTexts, parseServerFlags } from "./flags/server-flags.ts";
import { type ClusterPlaces, DEFAULT_CLUSTER, type NodePlaces, placesOf } from "./places.ts";
import { type ClusterSettings, readSettings, writeSettings } from "./settings.ts";
import { StepFailed, type StepOutput, Steps } from "./steps.ts";

export interface UpOptions {
  readonly name: string;
  readonly dataDir: string;
  /** How many; undefined: as many as there are, one in a new cluster. */
  readonly nodes: number | undefined;
  readonly uplink: boolean;
  /** File with an audit policy to go by from now on; undefined: as before. */
  readonly auditPolicy?: string;
  /** For the control plane, from now on; what is not named stays as it was. */
  readonly flags?: FlagTexts;
  /** How this program starts itself again, as a daemon. */
  readonly program: Pick<Command, "program" | "args">;
  readonly output: StepOutput;
}

export interface UpResult {
  readonly settings: ClusterSettings;
  readonly places: ClusterPlaces;
  readonly seconds: number;
}

const PORT_FIRST = 6443;
const PORT_LAST = 6543;
const NODES_MAX = 64;
const STEPS = 5;

/** Brings a local cluster up, from nothing or from what is there of it. What runs already is left alone. */
export async function up(options: UpOptions): Promise<UpResult> {
  const clock = systemClock;
  const startedMs = clock.monotonic();
  const places = placesOf(options.name, options.dataDir);
  const steps = new Steps(options.output, clock, STEPS);

  const settings = await steps.run("Preparing the cluster", () => prepare(places, options), describe);
  const fabric = await steps.run("Laying the network", () => layNetwork(settings));
  // What does not wait for each other starts together; the steps tell of it one by one.
  const server = startServer(places, options);
  const runtimes = Promise.all(fabric.nodes.map((node) => startRuntime(places.node(node.name), node, clock)));
  runtimes.catch(() => undefined);
  await steps.run(
    "Starting the control plane",
    () => server,
    () => `https://127.0.0.1:${settings.port}`,
  );
  await steps.run("Starting containerd", () => runtimes);
  await steps.run(
    `Starting ${fabric.nodes.length === 1 ? "the node" : `${fabric.nodes.length} nodes`}`,
    (tell) => startNodes(places, fabric, options, tell),
    () => "Ready, DNS answers",
  );
  return { settings, places, seconds: (clock.monotonic() - startedMs) / 1000 };
}

const describe = ({ name, nodes, port }: ClusterSettings): string =>
  `${name}, ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}, port ${port}`;

async function prepare(places: ClusterPlaces, options: UpOptions): Promise<ClusterSettings> {
  const before = readSettings(places);
  const settings = settingsFor(before ?? (await newSettings(options)), options);
  await writeSettings(places, settings);
  // The control plane reads its flags when it starts.
  if (!isDeepStrictEqual(before?.flags, settings.flags)) await stopDaemon(serverDaemon(places), systemClock);
  if (options.auditPolicy !== undefined) await changeAuditPolicy(places, options.auditPolicy);
  const certificates = await CertificateStore.open(places.pki, { clock: systemClock });
  const where = { cluster: settings.name, host: "127.0.0.1", port: settings.port };
  await writeAdminKubeconfig(places.kubeconfig, where, certificates);
  await certificates.close();
  return settings;
}

/** The control plane reads its policy when it starts. */
async function changeAuditPolicy(places: ClusterPlaces, file: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
    parseAuditPolicy(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepFailed(
      `the audit policy cannot be used: ${why}`,
      `make ${file} a Policy of audit.k8s.io/v1 with rules`,
      { cause },
    );
  }
  await writeFile(places.auditPolicy, text, { mode: 0o600 });
  await stopDaemon(serverDaemon(places), systemClock);
}

async function newSettings({ name, uplink, flags = {} }: UpOptions): Promise<ClusterSettings> {
  const ranges = await freeRanges(name);
  const asked = parseServerFlags(flags);
  return {
    name,
    nodeRange: ranges.nodes,
    podRange: asked["cluster-cidr"] ?? ranges.pods,
    serviceRange: asked["service-cluster-ip-range"] ?? ranges.services,
    clusterDomain: "cluster.local",
    port: asked["secure-port"] ?? (await freePort(name)),
    nodes: [],
    uplink,
  };
}

/** Nodes are added to a cluster, never taken away by asking for fewer. */
function settingsFor(
  settings: ClusterSettings,
  { nodes: asked, uplink, flags = {} }: UpOptions,
): ClusterSettings {
  const count = asked ?? Math.max(1, settings.nodes.length);
  if (count > NODES_MAX)
    throw new StepFailed(`${count} nodes are too many for one machine`, `ask for at most ${NODES_MAX}`);
  if (count < settings.nodes.length) {
    throw new StepFailed(
      `the cluster ${settings.name} has ${settings.nodes.length} nodes already`,
      `ask for as many, or take the cluster down with: k8ts delete --name ${settings.name}`,
    );
  }
  const nodes = Array.from({ length: count }, (_each, index) => settings.nodes[index] ?? `node-${index + 1}`);
  assertUnchanged(settings, flags);
  const all = { ...settings.flags, ...flags };
  return { ...settings, nodes, uplink, ...(Object.keys(all).length > 0 ? { flags: all } : {}) };
}

/** Nodes, pods and services live by what was laid out when the cluster was made. */
function assertUnchanged({ name, podRange, serviceRange, port }: ClusterSettings, flags: FlagTexts): void {
  const laidOut = {
    "cluster-cidr": podRange,
    "service-cluster-ip-range": serviceRange,
    "secure-port": String(port),
  } as const;
  for (const [flag, value] of Object.entries(laidOut)) {
    const asked = flags[flag as keyof typeof laidOut]?.at(-1);
    if (asked === undefined || asked === value) continue;
    throw new StepFailed(
      `the cluster ${name} was made with --${flag} ${value}`,
      `leave it out, or take the cluster down with: k8ts delete --name ${name}`,
    );
  }
}

/** Clusters that start at the same moment look at different ports first; the usual name gets the usual port. */
async function freePort(cluster: string): Promise<number> {
  const count = PORT_LAST - PORT_FIRST + 1;
  const first = cluster === DEFAULT_CLUSTER ? 0 : clusterHash(cluster) % count;
  for (let step = 0; step < count; step++) {
    const port = PORT_FIRST + ((first + step) % count);
    if (await isFree(port)) return port;
  }
  throw new StepFailed(
    `no port from ${PORT_FIRST} to ${PORT_LAST} is free`,
    "end one of the programs that hold them",
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "0.0.0.0", () => probe.close(() => resolve(true)));
  });
}

const layNetwork = ({
  name,
  nodes,
  nodeRange,
  podRange,
  serviceRange,
  uplink,
}: ClusterSettings): Promise<Fabric> =>
  startFabric({ cluster: name, nodes, nodeRange, podRange, serviceRange, uplink });

async function startServer(places: ClusterPlaces, { name, dataDir, program }: UpOptions): Promise<void> {
  const daemon = serverDaemon(places);
  if (await isUp(daemon, systemClock)) return;
  await stopDaemon(daemon, systemClock);
  const args = [...program.args, "server", "--name", name, "--data-dir", dataDir];
  await readyOrExplain(daemon, startDaemon(daemon, { program: program.program, args, notifies: true }).ready);
}

async function startRuntime(places: NodePlaces, node: FabricNode, clock: Clock): Promise<void> {
  await startContainerd(places, namespacePath(node), clock);
  await ensurePauseImage(places);
}

const namespacePath = ({ namespace }: FabricNode): string => `/run/netns/${namespace}`;

async function startNodes(
  places: ClusterPlaces,
  fabric: Fabric,
  { name, dataDir, program }: UpOptions,
  tell: (progress: string) => void,
): Promise<void> {
  let ready = 0;
  await Promise.all(
    fabric.nodes.map(async (node) => {
      const daemon = agentDaemon(places.node(node.name));
      if (!(await isUp(daemon, systemClock))) {
        await stopDaemon(daemon, systemClock);
        const self = [program.program, ...program.args];
        const args = [
          `--net=${namespacePath(node)}`,
          ...self,
          "agent",
          "--name",
          name,
          "--data-dir",
          dataDir,
          "--node",
          node.name,
        ];
        await readyOrExplain(daemon, startDaemon(daemon, { program: "nsenter", args, notifies: true }).ready);
      }
      tell(`${++ready}/${fabric.nodes.length} ready`);
    }),
  );
}

async function readyOrExplain({ what, logFile }: Daemon, ready: Promise<void>): Promise<void> {
  try {
    await ready;
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new StepFailed(`${what} did not start: ${said}`, `read its log: ${logFile}`, { cause });
  }
}
