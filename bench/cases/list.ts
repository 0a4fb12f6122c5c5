import type { Case } from "../case.ts";
import { type Endpoint, startControlPlane } from "../control-plane.ts";
import { createPods, openAll, PODS_PATH } from "../load/create-pods.ts";
import { H1Connection, h1Request } from "../load/h1-connection.ts";
import { median } from "../figures.ts";
import { startBareServer } from "../peers/bare.ts";
import { cpuMicros, forgetPeak, peakRssBytes, rssBytes } from "../proc.ts";

const PODS = 6_000;
const AT_ONCE = 8;
const MEGABYTE = 1e6;

/** LIST of all pods, consistent, as JSON. */
export const list: Case = {
  name: "list",
  async run({ rounds, quick, note }) {
    const server = await startControlPlane();
    await createPods(server, PODS);
    const lists = quick ? 4 : 10;
    const request = h1Request("GET", PODS_PATH);
    const { bytes } = await timed(server, request, 2);
    const bare = await startBareServer(server, bytes);
    note("list.bytes", bytes / MEGABYTE);
    for (let round = 0; round < rounds; round++) {
      const cpuBefore = cpuMicros(server.pid);
      note("list.ms", (await timed(server, request, lists)).ms);
      note("list.cpu", (cpuMicros(server.pid) - cpuBefore) / 1000 / lists);
      note("bare.list.ms", (await timed(bare, request, lists)).ms);
      note("list.rss", (await growth(server, request)) / MEGABYTE);
    }
    await bare.stop();
    await server.stop();
  },
};

/** Median of several, one after the other. */
async function timed(target: Endpoint, request: Buffer, count: number) {
  const connection = await H1Connection.open(target);
  const tookMs: number[] = [];
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    ({ bytes } = await connection.send(request));
    tookMs.push(performance.now() - began);
  }
  connection.close();
  return { ms: median(tookMs), bytes };
}

async function growth(server: Endpoint & { readonly pid: number }, request: Buffer): Promise<number> {
  const connections = await openAll(server, AT_ONCE);
  const before = rssBytes(server.pid);
  forgetPeak(server.pid);
  await Promise.all(connections.map((connection) => connection.send(request)));
  for (const connection of connections) connection.close();
  return peakRssBytes(server.pid) - before;
}
