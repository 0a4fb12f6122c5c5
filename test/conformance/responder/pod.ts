/** Pods with a program that answers over HTTP, UDP and gRPC, and asks others: what busybox cannot. */
import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import type { V1Container, V1Pod, V1PodSpec } from "@kubernetes/client-node";
import { Kubectl } from "../kubectl.ts";
import { podOf, waiting } from "../pods.ts";
import type { ConformanceContext } from "../suite.ts";

export const HTTP_PORT = 8080;
export const UDP_PORT = 8081;
export const GRPC_PORT = 5000;

const PROGRAM = "/responder/main.mts";
const NODE = "/responder/node";

/** The libraries of the Node that runs this, without its add-ons, and what loads them. */
function librariesOfNode(): { readonly folders: readonly string[]; readonly loader: string } {
  // Its type does not say what is in it.
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: readonly string[] };
  const files = sharedObjects
    .filter((file) => isAbsolute(file) && !file.endsWith(".node"))
    .map((file) => realpathSync(file));
  const folders = [...new Set(files.map(dirname))];
  return { folders, loader: files.find((file) => basename(file).startsWith("ld-"))! };
}

const { folders, loader } = librariesOfNode();

/** The nodes are on this machine: its files are lent to the pods, so that no image has to carry them. */
const LENT: readonly (readonly [from: string, to: string])[] = [
  [fileURLToPath(new URL("main.ts", import.meta.url)), PROGRAM],
  [process.execPath, NODE],
  ...folders.map((folder) => [folder, folder] as const),
];

const volumes = LENT.map(([path], at) => ({ name: `lent-${at}`, hostPath: { path } }));
const volumeMounts = LENT.map(([, mountPath], at) => ({ name: `lent-${at}`, mountPath, readOnly: true }));

const commandOf = (...words: readonly string[]): string[] => [
  loader,
  "--library-path",
  folders.join(":"),
  NODE,
  PROGRAM,
  ...words,
];

/** A pod that answers at these ports, by default at one for each protocol; `main.ts` says what else it may do. */
export const responderPod = (
  name: string,
  {
    serves = { http: HTTP_PORT, udp: UDP_PORT, grpc: GRPC_PORT },
    container = {},
    spec = {},
    labels = {},
  }: {
    readonly serves?: Readonly<Record<string, number>>;
    readonly container?: Partial<V1Container>;
    readonly spec?: Partial<V1PodSpec>;
    readonly labels?: Record<string, string>;
  } = {},
): V1Pod =>
  podOf(
    name,
    waiting({
      command: commandOf("serve", ...Object.entries(serves).map(([protocol, port]) => `${protocol}=${port}`)),
      volumeMounts,
      ...container,
    }),
    { volumes, ...spec },
    labels,
  );

/** A pod from which others are asked. */
export const askingPod = (name: string, spec: Partial<V1PodSpec> = {}): V1Pod =>
  podOf(name, waiting({ volumeMounts }), { volumes, ...spec });

/** What a pod is answered at `http://…` or `udp://…`, as soon as it is. */
export async function ask(
  context: ConformanceContext,
  from: string,
  question: "hostname" | "clientip" | "checked",
  url: string,
): Promise<string> {
  const said = await new Kubectl(context).run(`exec ${from} --`, ...commandOf("ask", question, url));
  return said.trimEnd();
}

/** Waits until a pod is answered no more at `http://…` or `udp://…`. */
export async function untilSilent(context: ConformanceContext, from: string, url: string): Promise<void> {
  await new Kubectl(context).run(`exec ${from} --`, ...commandOf("silent", url));
}
