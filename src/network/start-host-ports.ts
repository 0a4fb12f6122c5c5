import { writeFileSync } from "node:fs";
import { Pod } from "#api/core-v1/pod";
import { asError } from "#base/attempt";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import { runCommand } from "#base/node/command";
import { inNetworkNamespace } from "#base/node/network-namespace";
import { type Nftables, openNftables } from "#base/node/nftables";
import type { Scope } from "#base/scope";
import { keyOf } from "#client/address";
import type { InformerSet } from "#client/informer-set";
import { type HostPort, hostPortsOf, hostPortTables } from "./host-ports.ts";

const log = logger("network");

export interface HostPortsOptions {
  /** The pods of this node come from here. */
  readonly informers: InformerSet;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly scope: Scope;
  /** Name of the network namespace to work in; absent: the one of this process. */
  readonly namespace?: string;
}

export interface HostPorts {
  /** Resolves when the kernel has what the cache has shown so far. */
  settled(): Promise<void>;
}

const TABLE = "k8ts-hostports";
const RETRY_MS = 1_000;

/** Leads the node's ports into the pods that ask for them. */
export function startHostPorts(options: HostPortsOptions): HostPorts {
  const hostPorts = new PodHostPorts(options);
  options.scope.run((signal) => hostPorts.run(signal));
  return hostPorts;
}

class PodHostPorts implements HostPorts {
  readonly #options: HostPortsOptions;
  readonly #nft: Nftables;
  readonly #byPod = new Map<string, readonly HostPort[]>();
  #written: string | undefined;
  #gone: HostPort[] = [];
  #work: Promise<void> = Promise.resolve();

  constructor(options: HostPortsOptions) {
    this.#options = options;
    this.#nft = openNftables({ namespace: options.namespace && `/run/netns/${options.namespace}` });
  }

  settled(): Promise<void> {
    return this.#work;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { informers, nodeName } = this.#options;
    const pods = informers.of(Pod, { fieldSelector: `spec.nodeName=${nodeName}` });
    const show = (pod: Pod): void => this.#set(keyOf(pod), hostPortsOf(pod), signal);
    const stop = pods.handle({
      added: show,
      updated: show,
      deleted: (pod) => this.#set(keyOf(pod), [], signal),
    });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    stop();
    await this.#work;
    this.#nft.close();
  }

  #set(pod: string, ports: readonly HostPort[], signal: AbortSignal): void {
    const before = this.#byPod.get(pod) ?? [];
    if (JSON.stringify(before) === JSON.stringify(ports)) return;
    this.#gone.push(...before);
    if (ports.length === 0) this.#byPod.delete(pod);
    else this.#byPod.set(pod, ports);
    this.#work = this.#work.then(() => this.#write(signal));
  }

  async #write(signal: AbortSignal): Promise<void> {
    const tables = hostPortTables(TABLE, [...this.#byPod.values()].flat());
    if (tables === this.#written) return;
    const gone = this.#gone;
    this.#gone = [];
    try {
      if (this.#byPod.size > 0) this.#letLoopbackOut();
      await this.#nft.run(tables);
      this.#written = tables;
      await this.#forgetFlows(gone);
    } catch (error) {
      if (signal.aborted) return;
      log.error("host ports were not written to the kernel", { error: asError(error) });
      await sleep(this.#options.clock, RETRY_MS, { signal }).catch(() => undefined);
      if (!signal.aborted) this.#work = this.#work.then(() => this.#write(signal));
    }
  }

  /** Connections to a host port at 127.0.0.1 leave the loopback device for the pod. */
  #letLoopbackOut(): void {
    const { namespace } = this.#options;
    inNetworkNamespace(namespace && `/run/netns/${namespace}`, () =>
      writeFileSync("/proc/sys/net/ipv4/conf/all/route_localnet", "1"),
    );
  }

  /** UDP flows to a pod that has gone would go on being sent there. */
  async #forgetFlows(gone: readonly HostPort[]): Promise<void> {
    const { namespace } = this.#options;
    const prefix = namespace ? ["nsenter", `--net=/run/netns/${namespace}`] : [];
    for (const { protocol, port, podIP, family } of gone) {
      if (protocol !== "udp") continue;
      const args = ["-D", "-f", family, "-p", "udp", "--dport", String(port), "--dst-nat", podIP];
      const [program = "conntrack", ...rest] = [...prefix, "conntrack", ...args];
      // It calls it a failure when there is none.
      await runCommand(program, rest).catch(() => "");
    }
  }
}
