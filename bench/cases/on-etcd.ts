import type { Bench, Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { closedLoop } from "../load/closed-loop.ts";
import { createPod, openAll, readyForPods } from "../load/create-pods.ts";
import { startEtcd } from "../peers/etcd.ts";
import { newFolder, stop } from "../workspace.ts";

const COUNTS = [1, 10, 50] as const;

/** The creates of `create`, with etcd as the store; the embedded store is measured by that one. */
export const onEtcd: Case = {
  name: "on-etcd",
  async run(bench) {
    for (let round = 0; round < bench.rounds; round++) {
      const etcd = await startEtcd();
      if (!etcd) return;
      await etcd.store.close();
      const server = await startControlPlane(newFolder("cluster"), { store: etcd.url });
      bench.note("on-etcd.start", server.readyMs);
      try {
        await readyForPods(server);
        await creates(server, { ...bench, note: () => undefined }, 300);
        await creates(server, bench, bench.quick ? 1_000 : 3_000);
      } finally {
        await server.stop();
        await stop(etcd.child);
      }
    }
  },
};

async function creates(server: ControlPlane, { note }: Bench, forMs: number): Promise<void> {
  for (const workers of COUNTS) {
    const connections = await openAll(server, workers);
    const load = await closedLoop({
      pid: server.pid,
      workers,
      forMs,
      request: (worker) => createPod(connections[worker]!),
    });
    for (const connection of connections) connection.close();
    note(`on-etcd.create.c${workers}`, load.perSecond);
    if (workers === 50) note("on-etcd.create.cpu", load.cpuMicros);
  }
}
