import { mkdir } from "node:fs/promises";
import { asError } from "#base/attempt";
import type { Wire } from "#machinery/schema";
import { writeHostsFile } from "../container/start-container.ts";
import { RpcError } from "../cri/connection.ts";
import type { PodSandboxConfig } from "../cri/sandbox.ts";
import { hostsFilePath, podDir, podLogDir } from "./directories.ts";
import { podDns, podNames } from "./dns.ts";
import { hostsFile } from "./hosts-file.ts";
import type { ObservedSandbox } from "./observed.ts";
import type { PodView } from "./plan.ts";
import type { PodContext } from "./pod-context.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import { isHostNetwork } from "./spec.ts";

const RETRY_MS = 10_000;

/** Makes the sandbox of one pod: its network, its cgroup, and the files that its containers share. */
export class PodSandbox {
  readonly #context: PodContext;
  #state: PodView["sandbox"] = "idle";
  #config: Wire<PodSandboxConfig> | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(context: PodContext) {
    this.#context = context;
  }

  get state(): PodView["sandbox"] {
    return this.#state;
  }

  /** What it was made with; every container is made with the same. */
  get config(): Wire<PodSandboxConfig> | undefined {
    return this.#config;
  }

  /** Resolves when none is being made. */
  async settled(): Promise<void> {
    await this.#work;
  }

  create(attempt: number): void {
    const { runtime, ending, pod } = this.#context;
    this.#state = "creating";
    this.#work = this.#context.track(async () => {
      try {
        await this.#make(attempt);
        this.#state = "idle";
      } catch (error) {
        if (ending.aborted) return;
        const text = error instanceof RpcError ? rpcText(error) : asError(error).message;
        this.#context.event("Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${text}`);
        // One that an earlier kubelet had begun may be there by now.
        await runtime.refresh(pod).catch(() => undefined);
        this.#state = { reason: "ContainerCreating", message: "", retryAtMs: this.#context.in(RETRY_MS) };
      }
    });
  }

  /** After a restart of the kubelet: what the sandbox was made with follows from the same spec. */
  async restore(): Promise<void> {
    const [sandbox] = this.#context.runtime.sandboxes;
    if (!sandbox?.ready) return;
    await this.#configure(sandbox.attempt);
    await this.#writeHosts(sandbox);
  }

  async #make(attempt: number): Promise<void> {
    const { services, pod, uid, ending } = this.#context;
    const { runtimeClassName } = pod.spec;
    const [config, handler] = await Promise.all([
      this.#configure(attempt),
      runtimeClassName ? services.runtimeHandler(runtimeClassName) : "",
    ]);
    if (ending.aborted) return;
    // The limits of the pod's cgroup matter to its containers, not yet to the sandbox.
    const [id] = await Promise.all([
      services.runtime.runSandbox(config, handler),
      services.cgroups.ensure(pod),
      mkdir(podLogDir(services.dirs, pod), { recursive: true }),
    ]);
    services.own(id, uid);
    const sandbox = await this.#context.runtime.refreshSandbox(id);
    if (!sandbox) throw new Error(`sandbox ${id} is gone right after it was made`);
    await this.#writeHosts(sandbox);
  }

  async #configure(attempt: number): Promise<Wire<PodSandboxConfig>> {
    const { pod, services } = this.#context;
    const { clusterDns, dirs, cgroups, hostDns } = services;
    const dns = podDns(pod, clusterDns, await hostDns());
    const names = podNames(pod, clusterDns);
    this.#config = sandboxConfig(pod, attempt, { dirs, dns, names, cgroupParent: cgroups.pathOf(pod) });
    return this.#config;
  }

  async #writeHosts({ ips }: ObservedSandbox): Promise<void> {
    const { pod, uid, services } = this.#context;
    const { clusterDns, dirs, hostsFile: nodeHosts } = services;
    const own = isHostNetwork(pod) ? await nodeHosts() : "";
    await mkdir(podDir(dirs, uid), { recursive: true, mode: 0o750 });
    await writeHostsFile(hostsFilePath(dirs, uid), hostsFile(pod, podNames(pod, clusterDns), ips, own));
  }
}

const rpcText = ({ code, details }: RpcError): string => `rpc error: code = ${code} desc = ${details}`;
