import { Pod } from "#api/core-v1/pod";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { InformerSet } from "#client/informer-set";
import { inParallel } from "#reconciler/batches";
import { Scheduler } from "#scheduler/scheduler";
import type { Case } from "../case.ts";
import { startControlPlane } from "../control-plane.ts";
import { readyForPods } from "../load/create-pods.ts";
import { simulateNodes } from "../load/nodes.ts";
import { pause } from "../workspace.ts";

const NODES = 1_000;
const PODS = 2_000;
const NAME = "measured";

/** A scheduler in this process, which places pods that wait already, through the API over TLS. */
export const scheduler: Case = {
  name: "scheduler",
  async run({ rounds, quick, note }) {
    const count = quick ? PODS / 4 : PODS;
    const server = await startControlPlane();
    const nodes = await simulateNodes(server, NODES);
    await readyForPods(server);
    // Nodes are not ready for pods until their controller has taken their first taint off.
    await pause(3_000);
    for (let round = 0; round < rounds; round++) {
      const names = Array.from({ length: count }, (_, index) => `pod-${round}-${index}`);
      await inParallel(names, (name) => server.client.create(Pod, waiting(name) as never), 20);
      note("scheduler.rate", await placeAll(server.client, names));
    }
    await nodes.close();
    await server.stop();
  },
};

/** Pods placed in a second, from the first to the last. */
async function placeAll(
  client: ConstructorParameters<typeof Scheduler>[0]["client"],
  names: readonly string[],
) {
  const scope = new Scope();
  const shared = { client, clock: systemClock, random: systemRandom, scope };
  const informers = new InformerSet(shared);
  const wanted = new Set(names);
  let firstMs: number | undefined;
  const all = Promise.withResolvers<number>();
  const pods = informers.of(Pod);
  pods.handle({
    updated({ metadata, spec }) {
      if (!spec.nodeName || !wanted.delete(metadata.name)) return;
      const nowMs = performance.now();
      firstMs ??= nowMs;
      if (wanted.size === 0) all.resolve((names.length / (nowMs - firstMs)) * 1000);
    },
  });
  await pods.synced;
  await new Scheduler({ ...shared, informers, name: NAME }).start();
  const rate = await all.promise;
  await scope.close();
  return rate;
}

const waiting = (name: string) => ({
  metadata: { name, namespace: "default", labels: { app: "web" } },
  spec: {
    schedulerName: NAME,
    containers: [{ name: "main", image: "web:1", resources: { requests: { cpu: "10m", memory: "16Mi" } } }],
  },
});
