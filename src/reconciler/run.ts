import type { Clock } from "#base/clock";
import { type Measures, noMeasures } from "#base/measures";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import { aborted } from "./aborted.ts";
import type { Controller } from "./controller.ts";
import { EventRecorder } from "./events.ts";

export interface RunOptions {
  /** Reads for all controllers, and writes where `clientFor` does not say otherwise. */
  readonly client: Client;
  /** The client with which one controller writes: with its own service account, for example. */
  readonly clientFor?: (controller: string) => Client;
  /** Shared with the rest of the process; by default the controllers have their own. */
  readonly informers?: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly controllers: readonly Controller[];
  /** The controllers run until it closes. */
  readonly scope: Scope;
  readonly measures?: Measures;
}

/** Starts controllers over one set of caches. Resolves when these have been filled. */
export async function runControllers({
  client,
  clientFor = () => client,
  clock,
  random,
  controllers,
  scope,
  measures = noMeasures,
  informers = new InformerSet({ client, clock, random, scope }),
}: RunOptions): Promise<void> {
  for (const controller of controllers) {
    const own = clientFor(controller.name);
    const component = `${controller.name}-controller`;
    const events = new EventRecorder({ client: own, clock, random, scope, component });
    controller.start({ client: own, informers, events, clock, random, scope, measures });
  }
  await Promise.race([informers.synced(), aborted(scope.signal)]);
}
