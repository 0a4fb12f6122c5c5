import { fileURLToPath } from "node:url";
import type { LocalCluster } from "../local-cluster.ts";

const program = fileURLToPath(new URL("steady-client.ts", import.meta.url));

export interface Outcome {
  readonly sent: number;
  /** A line for each request without a good answer. */
  readonly failed: readonly string[];
}

/** Sends requests from a node's network for as long as the work takes. */
export async function underRequests(
  cluster: LocalCluster,
  node: string,
  url: string,
  work: () => Promise<void>,
): Promise<Outcome> {
  const client = cluster.startOnNode(node, process.execPath, [program, url]);
  try {
    await client.says(/asking\n/);
    await work();
  } finally {
    await client.stop();
  }
  return JSON.parse(client.said().trim().split("\n").at(-1)!) as Outcome;
}
