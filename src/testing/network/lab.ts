/** Machines for tests with real packets: network namespaces with no way out, removed when the test ends. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { ipBatch } from "#base/node/iproute";
import { runCommand } from "#base/node/command";
import { nameSuffix, systemRandom } from "#base/random";
import type { Answer, Task } from "./machine-thread.ts";

/** Tests that need namespaces run as root; others skip them. */
export const canMakeNamespaces = process.getuid?.() === 0;

export class NetworkLab {
  readonly #id = nameSuffix(systemRandom, 5);
  readonly #machines = new Map<string, Machine>();
  readonly #removeAtExit = () => this.#removeNamespaces();

  constructor() {
    process.once("exit", this.#removeAtExit);
  }

  /** Adds machines that have nothing but their loopback device, and gives them in the same order. */
  async machines<const N extends readonly string[]>(...names: N): Promise<{ [K in keyof N]: Machine }> {
    const made = names.map((name) => new Machine(name, `lab-${this.#id}-${name}`));
    await ipBatch(made.map(({ namespace }) => `netns add ${namespace}`));
    for (const machine of made) this.#machines.set(machine.name, machine);
    await Promise.all(made.map(({ namespace }) => ipBatch(["link set lo up"], { namespace })));
    return made as { [K in keyof N]: Machine };
  }

  /** A cable between two machines. Devices are named after the machine at the other end unless said otherwise. */
  async connect(
    left: Machine,
    right: Machine,
    {
      leftAddresses = [],
      rightAddresses = [],
      leftDevice = right.name,
      rightDevice = left.name,
    }: {
      readonly leftAddresses?: readonly string[];
      readonly rightAddresses?: readonly string[];
      readonly leftDevice?: string;
      readonly rightDevice?: string;
    } = {},
  ): Promise<void> {
    await ipBatch([
      `link add ${leftDevice} netns ${left.namespace} type veth peer name ${rightDevice} netns ${right.namespace}`,
    ]);
    const up = (machine: Machine, device: string, addresses: readonly string[]) =>
      machine.ip(
        ...addresses.map(
          (address) => `address add ${address} dev ${device}${address.includes(":") ? " nodad" : ""}`,
        ),
        `link set ${device} up`,
      );
    await Promise.all([up(left, leftDevice, leftAddresses), up(right, rightDevice, rightAddresses)]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.close()));
    this.#removeNamespaces();
    process.off("exit", this.#removeAtExit);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #removeNamespaces(): void {
    const ours = readdirSync("/run/netns").filter((name) => name.startsWith(`lab-${this.#id}-`));
    if (ours.length > 0)
      spawnSync("ip", ["-batch", "-"], { input: ours.map((name) => `netns del ${name}\n`).join("") });
  }
}

/** A network namespace, with a thread inside that serves and calls. */
export class Machine {
  readonly name: string;
  readonly namespace: string;
  #thread: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  constructor(name: string, namespace: string) {
    this.name = name;
    this.namespace = namespace;
  }

  /** `ip` commands, run inside. */
  ip(...commands: readonly string[]): Promise<void> {
    return ipBatch(commands, { namespace: this.namespace });
  }

  /** Runs a program inside and gives its output. */
  run(program: string, ...args: readonly string[]): Promise<string> {
    return runCommand("ip", ["netns", "exec", this.namespace, program, ...args]);
  }

  /** Answers TCP connections with `NAME SENDER`. */
  serveTcp(port: number): Promise<string> {
    return this.#ask({ kind: "serve-tcp", port, name: this.name });
  }

  /** Answers UDP packets with `NAME SENDER`. */
  serveUdp(port: number): Promise<string> {
    return this.#ask({ kind: "serve-udp", port, name: this.name });
  }

  /** What a TCP server says, or the error's code. */
  tcp(address: string, port: number, { timeoutMs = 2_000 } = {}): Promise<string> {
    return this.#ask({ kind: "tcp", address, port, timeoutMs });
  }

  /** What a UDP server says, the error's code, or `ETIMEDOUT`. `sourcePort` keeps a flow the same over calls. */
  udp(address: string, port: number, { timeoutMs = 500, sourcePort = 0 } = {}): Promise<string> {
    return this.#ask({ kind: "udp", address, port, timeoutMs, sourcePort });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  async #ask(task: Task): Promise<string> {
    const thread = (this.#thread ??= await this.#start());
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    thread.postMessage({ id, task });
    return (await promise).text;
  }

  async #start(): Promise<Worker> {
    const workerData = { path: `/run/netns/${this.namespace}` };
    const thread = new Worker(new URL("machine-thread.ts", import.meta.url), { workerData });
    thread.unref();
    thread.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    await once(thread, "online");
    return thread;
  }
}
