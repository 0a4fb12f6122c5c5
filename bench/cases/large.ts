import type { Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { createPods, openAll, PODS_PATH } from "../load/create-pods.ts";
import { nodeBody } from "../load/objects.ts";
import { H1Connection, h1Request } from "../load/h1-connection.ts";
import { Watcher } from "../load/watcher.ts";
import { cpuMicros, pssBytes } from "../proc.ts";
import { pause } from "../workspace.ts";

const PODS = 50_000;
const NODES = 5_000;
const MEGABYTE = 1e6;
/** What a start leaves to be collected is gone by then, and the pages that it was on. */
const SETTLE_MS = 25_000;
const PAGE = 500;

/** A store of the size that upstream is tested for: 50,000 pods and 5,000 nodes. */
export const large: Case = {
  name: "large",
  async run({ rounds, quick, note }) {
    const share = quick ? 0.1 : 1;
    const [pods, nodes] = [PODS * share, NODES * share];
    const first = await startControlPlane();
    await createPods(first, pods);
    await createNodes(first, nodes);
    await first.stop("SIGKILL");
    const empty = await startControlPlane();
    await pause(SETTLE_MS);
    const emptyBytes = pssBytes(empty.pid);
    await empty.stop();
    for (let round = 0; round < rounds; round++) {
      const server = await startControlPlane(first.folder);
      note("large.start", server.readyMs / 1000);
      await pause(SETTLE_MS);
      const bytes = pssBytes(server.pid) - emptyBytes;
      const listed = await timedList(server, PODS_PATH);
      const wire = listed.bytes + (await timedList(server, "/api/v1/nodes")).bytes;
      note("large.memory", bytes / wire);
      note("large.object", bytes / (pods + nodes) / 1000);
      note("large.list.ms", listed.ms);
      note("large.list.bytes", listed.bytes / MEGABYTE);
      note("large.list.cpu", listed.cpuMs);
      note("large.page.ms", (await timedList(server, `${PODS_PATH}?limit=${PAGE}`)).ms);
      note("large.watch.ms", await watchAll(server, pods));
      await server.stop();
    }
  },
};

async function createNodes(server: ControlPlane, count: number): Promise<void> {
  const connections = await openAll(server, 20);
  let made = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (made < count) {
        const { status } = await connection.send(
          h1Request("POST", "/api/v1/nodes", nodeBody(`node-${made++}`)),
        );
        if (status !== 201) throw new Error(`a node was not created: ${status}`);
      }
      connection.close();
    }),
  );
}

async function timedList(server: ControlPlane, path: string) {
  const connection = await H1Connection.open(server);
  const cpuBefore = cpuMicros(server.pid);
  const began = performance.now();
  const { bytes } = await connection.send(h1Request("GET", path));
  const ms = performance.now() - began;
  connection.close();
  return { bytes, ms, cpuMs: (cpuMicros(server.pid) - cpuBefore) / 1000 };
}

/** From the request to the last of the objects that a new watch begins with. */
async function watchAll(server: ControlPlane, count: number): Promise<number> {
  const began = performance.now();
  const watcher = await Watcher.open(server, `${PODS_PATH}?watch=true&resourceVersion=0`);
  await watcher.reached(count);
  watcher.close();
  return performance.now() - began;
}
