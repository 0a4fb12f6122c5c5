import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { InformerSet } from "#client/informer-set";
import { SimulatedNodes } from "#simulation/simulated-nodes";
import type { ControlPlane } from "../control-plane.ts";

export interface Nodes {
  readonly informers: InformerSet;
  readonly scope: Scope;
  close(): Promise<void>;
}

/** Simulated nodes in this process, over TLS like real ones. */
export async function simulateNodes({ client }: ControlPlane, count: number): Promise<Nodes> {
  const scope = new Scope();
  const shared = { client, clock: systemClock, random: systemRandom, scope };
  const informers = new InformerSet(shared);
  const nodes = new SimulatedNodes({ ...shared, informers });
  await nodes.add(count);
  return { informers, scope, close: () => scope.close() };
}
