/** What keeps the server well when more is asked of it than it can do. */
import { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import { type Clock, sleep } from "#base/clock";
import type { Scope } from "#base/scope";
import { Registry } from "prom-client";
import type { Loopback, ReadCache } from "./contracts.ts";
import { debugPath } from "./flow-control/debug.ts";
import { FlowControl } from "./flow-control/flow-control.ts";
import { registerFlowMetrics } from "./flow-control/flow-metrics.ts";
import { FlowControlKeeper } from "./flow-control/keeper.ts";
import type { FeatureGates } from "./gates.ts";
import type { Health } from "./health/health.ts";
import { START_STEPS } from "./health/start-steps.ts";
import { textOf } from "./instruments/stability.ts";
import type { Limits } from "./limits.ts";
import type { RequestMetrics } from "./metrics.ts";
import { InFlight } from "./request/in-flight.ts";
import type { PathHandler } from "./request/handlers.ts";
import type { PathTable } from "./request/path-table.ts";
import type { ResourceSet } from "./resource-set.ts";

/** Of the time that a request has, this part may pass until it has a seat. */
const WAIT_PART = 1 / 4;

const NOTHING = { objects: 0, bytes: 0 };

export interface LoadControlOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly gates: FeatureGates;
  readonly kinds: ResourceSet;
  readonly metrics: RequestMetrics;
  readonly health: Health;
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
  gates,
  kinds,
  metrics,
  health,
  paths,
  scope,
}: LoadControlOptions): LoadControl {
  const inFlight = new InFlight(clock, limits.requestMs);
  const flow = new FlowControl({
    clock,
    seats: limits.requestsInFlightMax + limits.mutatingRequestsInFlightMax,
    waitMs: limits.requestMs * WAIT_PART,
    stored: ({ group, version, resource }) =>
      kinds.find(group, version, resource)?.storage?.cache.stored ?? NOTHING,
    listsBySize: gates.enabled("SizeBasedListCostEstimate"),
  });
  scope.defer(() => flow.close());
  metrics.watchInFlight(inFlight);
  metrics.watchStorage(kinds);
  registerFlowMetrics(metrics.registry, flow);
  paths.add(...debugPath(flow));
  health.done(...START_STEPS);
  health.add({ name: "autoregister-completion", check: () => undefined });
  paths.add("/metrics/slis", indicators(health));
  return { inFlight, flow };
}

/** What the health checks have said, for those who keep service levels. */
function indicators(health: Health): PathHandler {
  const registry = new Registry();
  health.register(registry);
  return async ({ exchange, headers }) => {
    const body = Buffer.from(await textOf(registry));
    exchange.reply(200, { ...headers, "content-type": registry.contentType }, body);
  };
}

interface Draining {
  readonly health: Health;
  readonly inFlight: InFlight;
  /** Stops to take connections. */
  readonly refuse: () => void;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** Says that requests should go elsewhere, then turns them away; what has begun may end in its time. */
export async function drain({ health, inFlight, refuse, clock, limits }: Draining): Promise<void> {
  health.shutDown();
  if (limits.shutdownDelayMs > 0) await sleep(clock, limits.shutdownDelayMs);
  refuse();
  await inFlight.drain(limits.drainMs);
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
