import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { InformerSet } from "#client/informer-set";
import { instantLife, type PodLife } from "#simulation/pod-run";
import { SimulatedNodes } from "#simulation/simulated-nodes";
import type { ControlPlane } from "../control-plane.ts";

export interface Nodes {
  readonly informers: InformerSet;
  readonly scope: Scope;
  close(): Promise<void>;
}

/** Simulated nodes in this process, over TLS like real ones. By default their pods run at once. */
export async function simulateNodes(
  { client }: ControlPlane,
  count: number,
  life: PodLife = instantLife,
): Promise<Nodes> {
  const scope = new Scope();
  const shared = { client, clock: systemClock, random: systemRandom, scope };
  const informers = new InformerSet(shared);
  const nodes = new SimulatedNodes({ ...shared, informers, lifeOf: () => life });
  await nodes.add(count);
  return { informers, scope, close: () => scope.close() };
}
