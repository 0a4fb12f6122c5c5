import type { Case } from "../case.ts";
import { type Endpoint, startControlPlane } from "../control-plane.ts";
import { closedLoop, type Load } from "../load/closed-loop.ts";
import { createPods, openAll, PODS_PATH } from "../load/create-pods.ts";
import { H1Connection, h1Request } from "../load/h1-connection.ts";
import { H2Connection } from "../load/h2-connection.ts";
import { startBareServer } from "../peers/bare.ts";
import { Pod } from "#api/core-v1/pod";

const WORKERS = 20;
const PODS = 200;

/** GET of single pods, beside a bare server that answers the same bytes. */
export const get: Case = {
  name: "get",
  async run({ rounds, quick, note }) {
    const server = await startControlPlane();
    await createPods(server, PODS);
    const { items } = await server.client.list(Pod, { namespace: "default" });
    const paths = items.map(({ metadata }) => `${PODS_PATH}/${metadata.name}`);
    const requests = paths.map((path) => h1Request("GET", path));
    const one = await H1Connection.open(server);
    const { bytes } = await one.send(requests[0]!);
    one.close();
    const bare = await startBareServer(server, bytes);
    const forMs = quick ? 1_000 : 3_000;
    await overH1(server, requests, 500);
    for (let round = 0; round < rounds; round++) {
      const ours = await overH1(server, requests, forMs);
      note("get.h1.cpu", ours.cpuMicros);
      note("get.h1.rate", ours.perSecond);
      const least = await overH1(bare, requests, forMs);
      note("bare.h1.cpu", least.cpuMicros);
      note("bare.h1.rate", least.perSecond);
      const h2 = await overH2(server, paths, forMs);
      note("get.h2.cpu", h2.cpuMicros);
      note("get.h2.rate", h2.perSecond);
    }
    await bare.stop();
    await server.stop();
  },
};

type Loaded = Endpoint & { readonly pid: number };

async function overH1(target: Loaded, requests: readonly Buffer[], forMs: number): Promise<Load> {
  const connections = await openAll(target, WORKERS);
  let sent = 0;
  const load = await closedLoop({
    pid: target.pid,
    workers: WORKERS,
    forMs,
    async request(worker) {
      const { status } = await connections[worker]!.send(requests[sent++ % requests.length]!);
      if (status !== 200) throw new Error(`a GET was answered ${status}`);
    },
  });
  for (const connection of connections) connection.close();
  return load;
}

async function overH2(target: Loaded, paths: readonly string[], forMs: number): Promise<Load> {
  const connection = await H2Connection.open(target);
  let sent = 0;
  const load = await closedLoop({
    pid: target.pid,
    workers: WORKERS,
    forMs,
    async request() {
      const { status } = await connection.send("GET", paths[sent++ % paths.length]!);
      if (status !== 200) throw new Error(`a GET was answered ${status}`);
    },
  });
  connection.close();
  return load;
}
