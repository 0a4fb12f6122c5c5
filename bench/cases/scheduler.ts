import { Pod } from "#api/core-v1/pod";
import type { Case } from "../case.ts";
import { startControlPlane } from "../control-plane.ts";
import { openAll, PODS_PATH, readyForPods } from "../load/create-pods.ts";
import { h1Request } from "../load/h1-connection.ts";
import { simulateNodes } from "../load/nodes.ts";
import { pause } from "../workspace.ts";

const NODES = 1_000;
const PODS = 2_000;
const CONNECTIONS = 20;
/** What is measured ends with the binding. */
const NEVER_STARTS = { startMs: 3_600_000, readyMs: 0, stopMs: 0 };

/** Pods made one by one, as fast as the server takes them, and placed by its scheduler meanwhile. */
export const scheduler: Case = {
  name: "scheduler",
  async run({ rounds, quick, note }) {
    const count = quick ? PODS / 2 : PODS;
    const server = await startControlPlane();
    const nodes = await simulateNodes(server, NODES, NEVER_STARTS);
    const pods = nodes.informers.of(Pod);
    await readyForPods(server);
    // Nodes take no pods until their controller has taken their first taint off.
    await pause(3_000);
    const connections = await openAll(server, CONNECTIONS);
    for (let round = 0; round < rounds; round++) {
      const names = Array.from({ length: count }, (_, index) => `pod-${round}-${index}`);
      const waiting = new Set(names);
      const all = Promise.withResolvers<void>();
      const unhandle = pods.handle({
        updated({ metadata, spec }) {
          if (spec.nodeName && waiting.delete(metadata.name) && waiting.size === 0) all.resolve();
        },
      });
      const began = performance.now();
      await Promise.all(
        connections.map(async (connection) => {
          for (let name = names.pop(); name !== undefined; name = names.pop()) {
            const { status } = await connection.send(h1Request("POST", PODS_PATH, podBody(name)));
            if (status !== 201) throw new Error(`a pod was not created: ${status}`);
          }
        }),
      );
      await all.promise;
      note("scheduler.rate", (count / (performance.now() - began)) * 1000);
      unhandle();
    }
    for (const connection of connections) connection.close();
    await nodes.close();
    await server.stop();
  },
};

const podBody = (name: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: {
      containers: [{ name: "main", image: "web:1", resources: { requests: { cpu: "10m", memory: "16Mi" } } }],
    },
  });
