import type { Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { openAll } from "../load/create-pods.ts";
import { h1Request, type H1Connection } from "../load/h1-connection.ts";
import { configMapBody } from "../load/objects.ts";
import { Watcher } from "../load/watcher.ts";
import { cpuMicros } from "../proc.ts";

const WATCHERS = 200;
const WRITERS = 10;
const PATH = "/api/v1/namespaces/default/configmaps";

/** One stream of changes to many watchers, each with a connection of its own. */
export const watch: Case = {
  name: "watch",
  async run({ rounds, quick, note }) {
    const server = await startControlPlane();
    const writers = await openAll(server, WRITERS);
    const events = quick ? 200 : 800;
    for (const [index, writer] of writers.entries()) {
      await writer.send(h1Request("POST", PATH, configMapBody(`watched-${index}`, 0)));
    }
    for (let round = 0; round < rounds; round++) {
      const alone = await writeAll(server, writers, events, []);
      const watchers = await Promise.all(
        Array.from({ length: WATCHERS }, () => Watcher.open(server, `${PATH}?watch=true&resourceVersion=0`)),
      );
      await Promise.all(watchers.map((watcher) => watcher.reached(WRITERS)));
      const watched = await writeAll(server, writers, events, watchers);
      for (const watcher of watchers) watcher.close();
      const deliveries = events * WATCHERS;
      note("watch.cpu", (watched.cpuMicros - alone.cpuMicros) / deliveries);
      note("watch.rate", deliveries / watched.seconds);
    }
    for (const writer of writers) writer.close();
    await server.stop();
  },
};

/** Until every watcher has been told of every change. */
async function writeAll(
  server: ControlPlane,
  writers: readonly H1Connection[],
  events: number,
  watchers: readonly Watcher[],
): Promise<{ readonly cpuMicros: number; readonly seconds: number }> {
  const cpuBefore = cpuMicros(server.pid);
  const began = performance.now();
  const seen = watchers.map((watcher) => watcher.reached(watcher.lines + events));
  let next = 0;
  await Promise.all(
    writers.map(async (writer, index) => {
      const name = `watched-${index}`;
      while (next < events) {
        const body = configMapBody(name, unique++);
        next++;
        const { status } = await writer.send(h1Request("PUT", `${PATH}/${name}`, body));
        if (status !== 200) throw new Error(`an update was answered ${status}`);
      }
    }),
  );
  await Promise.all(seen);
  return { cpuMicros: cpuMicros(server.pid) - cpuBefore, seconds: (performance.now() - began) / 1000 };
}

let unique = 1;
