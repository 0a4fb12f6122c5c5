/** Sets right which node ports are taken, where that does not agree with what services say. */
import type { Service } from "#api/core-v1/service";
import { asError } from "#base/attempt";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { Client } from "#client/client";
import { type Change, type Store, prefixEnd } from "#store/store";
import type { Loopback } from "../../contracts.ts";
import { nameOf } from "../../storage/keys.ts";
import type { KindStorage } from "../../storage/kind-storage.ts";
import { holdingsOf } from "./holdings.ts";
import { NODE_PORTS, nodePortKey } from "./node-ports.ts";
import type { ServiceRanges } from "./ranges.ts";
import { Warnings } from "./warnings.ts";

const log = logger("apiserver.services");

/** Keys of ports are of no kind that is watched, and only a store that was changed from outside needs mending. */
const REPAIR_MS = 180_000;
const COMPONENT = "portallocator-repair-controller";

export interface NodePortRepairOptions {
  readonly store: Store;
  readonly services: KindStorage;
  readonly range: ServiceRanges["nodePorts"];
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** Looks now and then, until the scope closes. */
export function keepNodePorts(options: NodePortRepairOptions): void {
  const { clock, scope, loopback, random } = options;
  const client = new Client(loopback);
  const warnings = new Warnings({ client, clock, random, component: COMPONENT });
  scope.run(async (signal) => {
    for (;;) {
      try {
        await repairNodePorts(options, warnings);
      } catch (error) {
        if (!signal.aborted) log.warn("node ports were not looked after", { error: asError(error) });
      }
      await sleep(clock, REPAIR_MS, { signal });
    }
  });
}

interface Warning {
  readonly about: Service;
  readonly reason: string;
  readonly message: string;
}

export interface RepairPlan {
  /** Keys of ports that no service has. */
  readonly leaked: readonly string[];
  readonly missing: readonly { readonly port: number; readonly service: Service }[];
  readonly warnings: readonly Warning[];
}

/** `taken`: the keys that there are. */
export function planRepair(
  services: Iterable<Service>,
  taken: ReadonlySet<string>,
  { first, last }: ServiceRanges["nodePorts"],
): RepairPlan {
  const held = new Set<string>();
  const missing: { readonly port: number; readonly service: Service }[] = [];
  const warnings: Warning[] = [];
  for (const about of services) {
    for (const port of holdingsOf(about.spec).ports) {
      const key = nodePortKey(port);
      const warn = (reason: string, message: string) => warnings.push({ about, reason, message });
      if (held.has(key)) {
        warn(
          "PortAlreadyAllocated",
          `Port ${port} was assigned to multiple services; please recreate service`,
        );
        continue;
      }
      held.add(key);
      if (port < first || port > last) {
        warn(
          "PortOutOfRange",
          `Port ${port} is not within the port range ${first}-${last}; please recreate service`,
        );
      }
      if (!taken.has(key)) missing.push({ port, service: about });
    }
  }
  return { leaked: [...taken].filter((key) => !held.has(key)), missing, warnings };
}

/**
 * Ports come and go in one commit with their services, so what does not agree is wrong at once. What has changed since
 * the look at the keys stays as it is: each write is guarded by what was seen.
 */
async function repairNodePorts(
  { store, services, range }: NodePortRepairOptions,
  warnings: Warnings,
): Promise<void> {
  const { entries } = await store.range(NODE_PORTS, prefixEnd(NODE_PORTS), { keysOnly: true });
  await services.fresh();
  const seen = new Map(entries.map(({ key, modRevision }) => [key, modRevision]));
  const known = services.cache.all().map(({ object }) => object as Service);
  const plan = planRepair(known, new Set(seen.keys()), range);
  const commit = (change: Change) =>
    store.commit([{ key: change.key, modRevision: seen.get(change.key) ?? 0 }], [change]);
  for (const key of plan.leaked) {
    const { succeeded } = await commit({ type: "delete", key });
    if (succeeded) log.warn("a node port that no service has is free again", { port: nameOf(key) });
  }
  for (const { port, service } of plan.missing) {
    const { namespace = "", name } = service.metadata;
    const value = Buffer.from(JSON.stringify({ namespace, name }));
    const { succeeded } = await commit({ type: "put", key: nodePortKey(port), value });
    if (succeeded)
      await warnings.warn(service, "PortNotAllocated", `Port ${port} is not allocated; repairing`);
  }
  for (const { about, reason, message } of plan.warnings) await warnings.warn(about, reason, message);
}
