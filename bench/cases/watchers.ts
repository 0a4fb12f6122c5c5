import type { Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { H1Connection, h1Request } from "../load/h1-connection.ts";
import { configMapBody } from "../load/objects.ts";
import { Watcher } from "../load/watcher.ts";
import { cpuMicros } from "../proc.ts";

const WATCHERS = 1_000;
const PATH = "/api/v1/namespaces/default/configmaps";
const NAME = "watched";

/** A thousand watchers of the same objects, and what one that has stopped reading costs the others. */
export const watchers: Case = {
  name: "watchers",
  async run({ rounds, quick, note }) {
    const server = await startControlPlane();
    const writer = await H1Connection.open(server);
    await writer.send(h1Request("POST", PATH, configMapBody(NAME, 0)));
    const events = quick ? 20 : 100;
    for (let round = 0; round < rounds; round++) {
      const watching = await openWatchers(server, WATCHERS);
      const cpuBefore = cpuMicros(server.pid);
      const healthy = await lateness(writer, watching, events);
      note("watchers.cpu", (cpuMicros(server.pid) - cpuBefore) / (events * WATCHERS));
      note("watchers.last", healthy);
      const [stalled, ...others] = watching;
      stalled!.stall();
      note("watchers.stalled.last", await lateness(writer, others, events));
      for (const watcher of watching) watcher.close();
    }
    writer.close();
    await server.stop();
  },
};

async function openWatchers(server: ControlPlane, count: number): Promise<Watcher[]> {
  const path = `${PATH}?watch=true&resourceVersion=0`;
  const opened = await Promise.all(Array.from({ length: count }, () => Watcher.open(server, path)));
  await Promise.all(opened.map((watcher) => watcher.reached(1)));
  return opened;
}

/** From the sending of a change until the last watcher has it, one change after the other; the 99th percentile. */
async function lateness(writer: H1Connection, watching: readonly Watcher[], events: number): Promise<number> {
  const tookMs: number[] = [];
  for (let event = 0; event < events; event++) {
    const began = performance.now();
    const seen = watching.map((watcher) => watcher.reached(watcher.lines + 1));
    const { status } = await writer.send(h1Request("PUT", `${PATH}/${NAME}`, configMapBody(NAME, unique++)));
    if (status !== 200) throw new Error(`an update was answered ${status}`);
    await Promise.all(seen);
    tookMs.push(performance.now() - began);
  }
  tookMs.sort((a, b) => a - b);
  return tookMs[Math.floor(tookMs.length * 0.99)]!;
}

let unique = 1;
