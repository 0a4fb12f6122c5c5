/**
 * A whole cluster inside a test: API server, controllers, scheduler and simulated nodes in the caller's process,
 * without root, and by a clock that may be virtual.
 *
 *     await using cluster = await startCluster({ nodes: 3, clock: new VirtualClock() });
 *     await cluster.client.create(Deployment, …);
 *     await cluster.settle();
 */
import { secure } from "#apiserver/security";
import { startApiServer } from "#apiserver/server";
import { type Clock, systemClock } from "#base/clock";
import { type Random, seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import { applySystemObjects, controllerUser } from "#cluster/system-objects";
import { standardControllers } from "#controllers/standard";
import type { Controller } from "#reconciler/controller";
import { runControllers } from "#reconciler/run";
import { Scheduler } from "#scheduler/scheduler";
import type { NodeShape } from "#simulation/node-object";
import type { PodLife } from "#simulation/pod-run";
import { SimulatedNodes } from "#simulation/simulated-nodes";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Pod } from "#api/core-v1/pod";
import { Calm } from "./calm.ts";
import { Credentials } from "./credentials.ts";
import { TestTransport } from "./test-transport.ts";

export { systemClock, VirtualClock };
export type { Clock, NodeShape, PodLife };

export interface ClusterOptions {
  /** How many simulated nodes; default 1. */
  readonly nodes?: number;
  /** Default: the machine's. */
  readonly clock?: "real" | VirtualClock;
  /** From the standard ones to those that are to run; default: all of them. */
  readonly controllers?: (standard: readonly Controller[]) => readonly Controller[];
  /** Default true. */
  readonly scheduler?: boolean;
  /** Chance comes from it: the same seed gives the same names, orders and delays. */
  readonly seed?: number;
  /** Serves the API over TLS on a free port of the loopback interface; see `kubeconfig`. */
  readonly listen?: boolean;
  /** How pods live; by default they start, become ready and stop at once. */
  readonly lifeOf?: (pod: Pod) => PodLife;
  /** Default true: objects are frozen, so that changing one in place throws. */
  readonly freeze?: boolean;
}

export interface Cluster {
  /** With all rights. */
  readonly client: Client;
  /** Another user's client. */
  clientFor(user: { readonly name: string; readonly groups: readonly string[] }): Client;
  readonly informers: InformerSet;
  readonly nodes: SimulatedNodes;
  readonly clock: Clock;
  /** `https://127.0.0.1:PORT`; undefined when the cluster does not listen. */
  readonly url: string | undefined;
  /** YAML for kubectl and client libraries, with all rights. Only for a cluster that listens. */
  kubeconfig(): string;
  /** Resolves when everything under way has come to its end. Pods that start later by the clock are not waited for. */
  settle(): Promise<void>;
  /** Lets time pass: at once and step by step on a virtual clock, by waiting on the machine's. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until it holds, up to a minute by default; then it throws an Error with these words. */
  until(what: string, holds: () => boolean, options?: { readonly withinMs?: number }): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const ADMIN = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };
/** Room for 32,768 nodes with 254 pods each. */
const POD_RANGE = { cidr: "10.128.0.0/9", nodePrefix: 24 };
const SERVICE_RANGE = "10.96.0.0/16";
const DNS_ADDRESS = "10.96.0.10";
const UNTIL_MS = 60_000;

/** Resolves when controllers and scheduler run and the nodes are registered. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes: nodeCount = 1, freeze = true, seed = 1, scheduler = true } = options;
  const clock: Clock = options.clock instanceof VirtualClock ? options.clock : systemClock;
  const random = seededRandom(seed);
  const scope = new Scope();
  const store = openMemoryStore({ clock });
  scope.defer(() => store.close());
  const credentials = new Credentials(clock);
  let url: string | undefined;
  const server = await startApiServer({
    store,
    clock,
    random,
    services: { addresses: [SERVICE_RANGE] },
    rooms: secure({
      clientAuthorities: [credentials.authority],
      serviceAccountKey: credentials.serviceAccountKey,
      serverUrl: () => url ?? "https://kubernetes.default.svc",
    }),
  });
  scope.defer(() => server.close());
  if (options.listen) url = await listen(server, credentials);

  const traffic = { underWay: 0 };
  const clientFor = (user: { readonly name: string; readonly groups: readonly string[] }) => {
    const transport = server.transport(user);
    return new Client(freeze ? new TestTransport(transport, traffic) : transport);
  };
  const component = (name: string) => clientFor({ name, groups: ["system:authenticated"] });
  const client = clientFor(ADMIN);
  // Its own scope, so that it has come to its end before the server it talks to does.
  const parts = new Scope();
  const informers = new InformerSet({ client, clock, random, scope: parts });
  const shared = { client, informers, clock, random, scope: parts };
  // Parts of the cluster have the rights that they have in any other cluster, and no more.
  const nodes = new SimulatedNodes({
    ...shared,
    clientFor: (name) =>
      clientFor({ name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] }),
    ...(options.lifeOf ? { lifeOf: options.lifeOf } : {}),
  });
  const standard = standardControllers({ caBundle: credentials.authority, podRanges: [POD_RANGE] });
  const controllers = options.controllers?.(standard) ?? standard;
  await applySystemObjects(client, { dnsAddress: DNS_ADDRESS, controllers });
  await Promise.all([
    runControllers({ ...shared, controllers, clientFor: (name) => component(controllerUser(name)) }),
    scheduler && new Scheduler({ ...shared, client: component("system:kube-scheduler") }).start(),
    nodes.add(nodeCount),
  ]);

  const calm = new Calm(
    clock,
    () => traffic.underWay > 0,
    () => store.revision,
  );
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= parts.close().then(() => scope.close()));
  return {
    client,
    clientFor,
    informers,
    nodes,
    clock,
    url,
    kubeconfig() {
      if (url === undefined) throw new Error("the cluster does not listen: start it with { listen: true }");
      return credentials.kubeconfig(url);
    },
    settle: () => calm.settle(),
    advance: (ms) => calm.advance(ms),
    async until(what, holds, { withinMs = UNTIL_MS } = {}) {
      if (!(await calm.until(holds, withinMs))) throw new Error(`not within ${withinMs} ms: ${what}`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(
  server: Awaited<ReturnType<typeof startApiServer>>,
  credentials: Credentials,
): Promise<string> {
  const serving = credentials.serving(["127.0.0.1"]);
  const { url } = await server.listen({
    host: "127.0.0.1",
    port: 0,
    clientCa: credentials.authority,
    ...serving,
  });
  return url;
}

export type { Controller, Random };
