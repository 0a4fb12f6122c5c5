import type { Bench, Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { closedLoop } from "../load/closed-loop.ts";
import { createPod, nextPodName, openAll, PODS_PATH, readyForPods } from "../load/create-pods.ts";
import { H2Connection } from "../load/h2-connection.ts";
import { podBody } from "../load/objects.ts";
import { startEtcd } from "../peers/etcd.ts";
import { stop } from "../workspace.ts";

const COUNTS = [1, 10, 50] as const;
/** Bytes of such a pod as stored. */
const STORED_BYTES = 2_600;

/** Durable creates: every answer comes after the pod is on disk. */
export const create: Case = {
  name: "create",
  async run(bench) {
    for (let round = 0; round < bench.rounds; round++) {
      await overEtcd(bench);
      const server = await startControlPlane();
      try {
        await readyForPods(server);
        await overH1(server, { ...bench, note: () => undefined }, 300);
        await overH1(server, bench);
        await overH2(server, bench);
      } finally {
        await server.stop();
      }
    }
  },
};

const durationOf = ({ quick }: Bench): number => (quick ? 1_000 : 3_000);

async function overH1(server: ControlPlane, bench: Bench, forMs = durationOf(bench)): Promise<void> {
  for (const workers of COUNTS) {
    const connections = await openAll(server, workers);
    const load = await closedLoop({
      pid: server.pid,
      workers,
      forMs,
      request: (worker) => createPod(connections[worker]!),
    });
    for (const connection of connections) connection.close();
    bench.note(`create.h1.c${workers}`, load.perSecond);
    bench.note(`create.h1.c${workers}.p50`, load.p50Ms);
    bench.note(`create.h1.c${workers}.p99`, load.p99Ms);
    if (workers === 50) bench.note("create.h1.c50.cpu", load.cpuMicros);
  }
}

async function overH2(server: ControlPlane, bench: Bench): Promise<void> {
  const connection = await H2Connection.open(server);
  for (const workers of COUNTS) {
    const load = await closedLoop({
      pid: server.pid,
      workers,
      forMs: durationOf(bench),
      async request() {
        const { status } = await connection.send("POST", PODS_PATH, podBody(nextPodName()));
        if (status !== 201) throw new Error(`a pod was not created: ${status}`);
      },
    });
    bench.note(`create.h2.c${workers}`, load.perSecond);
  }
  connection.close();
}

async function overEtcd(bench: Bench): Promise<void> {
  const etcd = await startEtcd();
  if (!etcd) return;
  const value = new Uint8Array(STORED_BYTES).fill(0x61);
  let made = 0;
  try {
    for (const workers of COUNTS) {
      const { perSecond } = await closedLoop({
        pid: etcd.child.pid!,
        workers,
        forMs: durationOf(bench),
        async request() {
          const key = `/registry/pods/default/${made++}`;
          await etcd.store.commit([], [{ type: "put", key, value }]);
        },
      });
      bench.note(`etcd.c${workers}`, perSecond);
    }
  } finally {
    await etcd.store.close();
    await stop(etcd.child);
  }
}
