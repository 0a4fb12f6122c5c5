import type { Case } from "../case.ts";
import { startControlPlane } from "../control-plane.ts";
import { createPods } from "../load/create-pods.ts";

const PODS = 6_000;

/** From the start of the process to the first good answer of /readyz. */
export const start: Case = {
  name: "start",
  async run({ rounds, quick, note }) {
    // The first start fills the disk's cache.
    await (await startControlPlane()).stop();
    const used = await startControlPlane();
    await createPods(used, quick ? PODS / 10 : PODS);
    await used.stop("SIGKILL");
    for (let round = 0; round < rounds; round++) {
      const fresh = await startControlPlane();
      note("start.empty", fresh.readyMs);
      await fresh.stop();
      const again = await startControlPlane(fresh.folder);
      note("start.again", again.readyMs);
      await again.stop();
      const full = await startControlPlane(used.folder);
      note("start.6k", full.readyMs);
      await full.stop();
    }
  },
};
