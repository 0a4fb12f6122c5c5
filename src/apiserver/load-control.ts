/** What keeps the server well when more is asked of it than it can do. */
import { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import type { Clock } from "#base/clock";
import type { Scope } from "#base/scope";
import type { Loopback, ReadCache } from "./contracts.ts";
import { debugPath } from "./flow-control/debug.ts";
import { FlowControl } from "./flow-control/flow-control.ts";
import { registerFlowMetrics } from "./flow-control/flow-metrics.ts";
import { FlowControlKeeper } from "./flow-control/keeper.ts";
import type { Limits } from "./limits.ts";
import type { RequestMetrics } from "./metrics.ts";
import { InFlight } from "./request/in-flight.ts";
import type { PathTable } from "./request/path-table.ts";
import type { ResourceSet } from "./resource-set.ts";

/** Of the time that a request has, this part may pass until it has a seat. */
const WAIT_PART = 1 / 4;

export interface LoadControlOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly kinds: ResourceSet;
  readonly metrics: RequestMetrics;
  readonly paths: PathTable;
  readonly scope: Scope;
}

export interface LoadControl {
  readonly inFlight: InFlight;
  readonly flow: FlowControl;
}

/** Knows no flow schemas but the mandatory ones, until `keepFlowControl` reads those that are stored. */
export function startLoadControl({
  clock,
  limits,
  kinds,
  metrics,
  paths,
  scope,
}: LoadControlOptions): LoadControl {
  const inFlight = new InFlight(clock, limits.requestMs);
  const flow = new FlowControl({
    clock,
    seats: limits.requestsInFlightMax + limits.mutatingRequestsInFlightMax,
    waitMs: limits.requestMs * WAIT_PART,
    objects: ({ group, version, resource }) =>
      kinds.find(group, version, resource)?.storage?.cache.size ?? 0,
  });
  scope.defer(() => flow.close());
  metrics.watchInFlight(inFlight);
  metrics.watchStorage(kinds);
  registerFlowMetrics(metrics.registry, flow);
  paths.add(...debugPath(flow));
  return { inFlight, flow };
}

export interface KeptFlowControl {
  readonly flow: FlowControl;
  readonly kinds: ResourceSet;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** Follows the stored objects, and keeps those that every cluster has. */
export async function keepFlowControl({ kinds, ...options }: KeptFlowControl): Promise<void> {
  if (!kinds.of(FlowSchema) || !kinds.of(PriorityLevelConfiguration)) return;
  await new FlowControlKeeper(options).start();
}
