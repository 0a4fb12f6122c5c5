/** A cluster with real containers for the tests of one file, and all that a test asks of it. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FlagTexts } from "#cluster/flags/server-flags";
import { importImage } from "#cluster/containerd/start";
import { deleteCluster, down } from "#cluster/down";
import { buildImage } from "#cluster/images/build";
import type { ClusterPlaces } from "#cluster/places";
import type { ClusterSettings } from "#cluster/settings";
import type { StepOutput } from "#cluster/steps";
import { up } from "#cluster/up";
import { type Fabric, planFabric } from "#network/machine/fabric";
import { clientBinary } from "./tools/client-binaries.ts";
import { output, type Ran, run, type RunOptions, type Running, start } from "./tools/run.ts";
import { sandboxesOf, traces } from "./tools/traces.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The example application, in every cluster of the tests. Port 8080; `/cgi-bin/hostname` says which pod answers. */
export const HELLO_IMAGE = "k8ts.local/hello:1";

export interface LocalClusterOptions {
  readonly nodes?: number;
  /** More names for the example application, as images of other versions. */
  readonly images?: readonly string[];
  /** For the control plane. */
  readonly flags?: FlagTexts;
}

/** Starts a cluster. Its owner removes it; should this process end before, it is removed all the same. */
export async function startLocalCluster({
  nodes = 1,
  images = [],
  flags,
}: LocalClusterOptions = {}): Promise<LocalCluster> {
  const name = `t${process.pid}-${randomBytes(2).toString("hex")}`;
  // Sockets are below it: their paths must stay short.
  const dataDir = mkdtempSync(join(tmpdir(), "k8ts-"));
  const release = guard(name, dataDir);
  const steps = new StepLog();
  try {
    const options = { name, dataDir, nodes, flags, uplink: false, program: program(), output: steps };
    const { settings, places } = await up(options);
    const cluster = new LocalCluster(dataDir, places, settings, release);
    await cluster.load(HELLO_IMAGE, ...images);
    return cluster;
  } catch (error) {
    await deleteCluster({ name, dataDir, output: new StepLog() });
    rmSync(dataDir, { recursive: true, force: true });
    release();
    throw new Error(`the cluster did not start: ${steps.text}`, { cause: error });
  }
}

export class LocalCluster {
  readonly places: ClusterPlaces;
  readonly settings: ClusterSettings;
  readonly fabric: Fabric;
  readonly kubeconfig: string;
  readonly #dataDir: string;
  readonly #release: () => void;

  constructor(dataDir: string, places: ClusterPlaces, settings: ClusterSettings, release: () => void) {
    this.#dataDir = dataDir;
    this.#release = release;
    this.places = places;
    this.settings = settings;
    this.fabric = planFabric({ ...settings, cluster: settings.name });
    this.kubeconfig = places.kubeconfig;
  }

  /** Runs kubectl, which has to succeed. `words` are split at spaces, the others taken as they are. */
  kubectl(words: string, ...more: readonly string[]): Promise<string> {
    return this.kubectlWith({}, words, ...more);
  }

  async kubectlWith(options: RunOptions, words: string, ...more: readonly string[]): Promise<string> {
    return output(clientBinary("kubectl"), [...split(words), ...more], this.#client(options));
  }

  /** Runs kubectl, whatever it says. */
  tryKubectl(words: string, options: RunOptions = {}): Promise<Ran> {
    return run(clientBinary("kubectl"), split(words), this.#client(options));
  }

  /** `kubectl apply -f -` of a manifest. */
  apply(manifest: string, words = "apply -f -"): Promise<string> {
    return this.kubectlWith({ input: manifest }, words);
  }

  /** kubectl that goes on until it is stopped. */
  startKubectl(words: string, options: RunOptions = {}): Running {
    return start(clientBinary("kubectl"), split(words), this.#client(options));
  }

  helm(words: string, ...more: readonly string[]): Promise<string> {
    return output(clientBinary("helm"), [...split(words), ...more], this.#client({}));
  }

  /** An object as it is now. */
  async get<T>(words: string): Promise<T> {
    return JSON.parse(await this.kubectl(`get ${words} -o json`)) as T;
  }

  /** A shell command in the network of a node, as a program on that machine would run it. */
  onNode(node: string, command: string): Promise<string> {
    return output("ip", ["netns", "exec", this.namespaceOf(node), "sh", "-c", command]);
  }

  startOnNode(node: string, program: string, args: readonly string[]): Running {
    return start("ip", ["netns", "exec", this.namespaceOf(node), program, ...args]);
  }

  namespaceOf(node: string): string {
    return this.fabric.nodes.find(({ name }) => name === node)!.namespace;
  }

  /** Brings the example application to all nodes under these names. */
  async load(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const image = await buildImage(join(root, "examples/hello"), name);
      await Promise.all(this.settings.nodes.map((node) => importImage(this.places.node(node), image)));
    }
  }

  /** `k8ts up` again: brings back what does not run. */
  async up(): Promise<number> {
    const { name, uplink } = this.settings;
    const again = { name, dataDir: this.#dataDir, nodes: undefined, uplink, program: program() };
    return (await up({ ...again, output: new StepLog() })).seconds;
  }

  down(): Promise<void> {
    return down({ name: this.settings.name, dataDir: this.#dataDir, output: new StepLog() });
  }

  /** Takes the cluster down and forgets it. Gives what is still to be seen of it: nothing, if all is well. */
  async remove(): Promise<readonly string[]> {
    const sandboxes = sandboxesOf(this.places);
    await deleteCluster({ name: this.settings.name, dataDir: this.#dataDir, output: new StepLog() });
    const left = await traces(this.places, sandboxes);
    rmSync(this.#dataDir, { recursive: true, force: true });
    this.#release();
    return left;
  }

  /** What can be seen of it now. */
  traces(): Promise<readonly string[]> {
    return traces(this.places, sandboxesOf(this.places));
  }

  #client(options: RunOptions): RunOptions {
    return { ...options, env: { KUBECONFIG: this.kubeconfig, HOME: this.#dataDir, ...options.env } };
  }
}

const split = (words: string): string[] => words.split(" ").filter(Boolean);

/** The bundle, where it is as new as the sources; otherwise the sources themselves. */
function program() {
  const [bundle, main] = [join(root, "dist/k8ts.js"), join(root, "src/cli/main.ts")];
  const isFresh = existsSync(bundle) && statSync(bundle).mtimeMs >= newestBelow(join(root, "src"));
  return { program: process.execPath, args: [isFresh ? bundle : main] };
}

const newestBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .reduce((newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

/**
 * A shell that waits for the end of this process and then removes the cluster, whatever that end was.
 * Gives the call that dismisses it.
 */
function guard(name: string, dataDir: string): () => void {
  const { program: node, args } = program();
  // Words of the environment, so that the shell does not look like a process of the cluster.
  const script = 'read -r dismissed && exit; $GUARD_REMOVE; rm -rf "$GUARD_DIR"';
  const GUARD_REMOVE = [node, ...args, "delete", "--name", name, "--data-dir", dataDir].join(" ");
  const shell = spawn("sh", ["-c", script], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { ...process.env, GUARD_REMOVE, GUARD_DIR: dataDir },
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => void shell.stdin.end("dismissed\n");
}

/** The steps that were told, for the message when one fails. */
class StepLog implements StepOutput {
  readonly live = false;
  text = "";
  write(text: string): void {
    this.text += text;
  }
}
