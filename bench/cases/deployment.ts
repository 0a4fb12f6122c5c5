import { Deployment } from "#api/apps-v1/deployment";
import { Pod } from "#api/core-v1/pod";
import type { Case } from "../case.ts";
import { startControlPlane } from "../control-plane.ts";
import { readyForPods } from "../load/create-pods.ts";
import { simulateNodes } from "../load/nodes.ts";
import { pause } from "../workspace.ts";

const NODES = 100;
const PODS = 500;
const AT = { namespace: "default", name: "web" };

/** From the request for a Deployment to its last pod bound, and ready. */
export const deployment: Case = {
  name: "deployment",
  async run({ rounds, note }) {
    const server = await startControlPlane();
    const nodes = await simulateNodes(server, NODES);
    const pods = nodes.informers.of(Pod);
    await readyForPods(server);
    for (let round = 0; round < rounds; round++) {
      const bound = new Set<string>();
      const ready = new Set<string>();
      const began = performance.now();
      const all = Promise.withResolvers<void>();
      const look = ({ metadata: { name }, spec, status }: Pod) => {
        if (spec.nodeName && !bound.has(name) && bound.add(name).size === PODS)
          note("deployment.bound", (performance.now() - began) / 1000);
        if (status.phase === "Running" && !ready.has(name) && ready.add(name).size === PODS) {
          note("deployment.ready", (performance.now() - began) / 1000);
          all.resolve();
        }
      };
      const unhandle = pods.handle({ added: look, updated: look });
      await server.client.create(Deployment, webOf(PODS) as never);
      await all.promise;
      unhandle();
      await server.client.delete(Deployment, AT, { propagationPolicy: "Foreground" });
      while (pods.size > 0 || (await server.client.find(Deployment, AT))) await pause(50);
    }
    await nodes.close();
    await server.stop();
  },
};

const webOf = (replicas: number) => ({
  metadata: AT,
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [
          { name: "web", image: "web:1", resources: { requests: { cpu: "100m", memory: "64Mi" } } },
        ],
      },
    },
  },
});
