import type { Case } from "../case.ts";
import { startControlPlane } from "../control-plane.ts";
import { simulateNodes } from "../load/nodes.ts";
import { cpuMicros, pssBytes, rssBytes } from "../proc.ts";
import { pause } from "../workspace.ts";

/** After its start a process collects its garbage once, and V8 shrinks its spaces some ten seconds later. */
const SETTLE_MS = 30_000;
const MEGABYTE = 1e6;

/** A control plane with one node that says it is alive, and nothing else to do. */
export const idle: Case = {
  name: "idle",
  async run({ rounds, quick, note }) {
    const lookMs = quick ? 4_000 : 20_000;
    const server = await startControlPlane();
    const nodes = await simulateNodes(server, 1);
    await pause(SETTLE_MS);
    for (let round = 0; round < rounds; round++) {
      const before = cpuMicros(server.pid);
      await pause(lookMs);
      note("idle.cpu", ((cpuMicros(server.pid) - before) / (lookMs * 1000)) * 100);
      note("idle.pss", pssBytes(server.pid) / MEGABYTE);
      note("idle.rss", rssBytes(server.pid) / MEGABYTE);
    }
    await nodes.close();
    await server.stop();
  },
};
