/** What the server shows of itself, beside what it counts of its requests. */
import type { Registry } from "prom-client";
import { Pod } from "#api/core-v1/pod";
import type { Clock } from "#base/clock";
import type { Store } from "#store/store";
import type { ReadCache } from "../contracts.ts";
import type { FeatureGates } from "../gates.ts";
import { showRegistered } from "../instruments/stability.ts";
import type { PathTable } from "../request/path-table.ts";
import type { ResourceSet } from "../resource-set.ts";
import { showBuild, showGates } from "./build.ts";
import { POD_RESOURCES_PATH, podResources } from "./pod-resources.ts";
import { showProcess } from "./process.ts";
import { showStorage } from "./storage.ts";

export interface SelfOptions {
  readonly registry: Registry;
  readonly paths: PathTable;
  readonly cache: ReadCache;
  readonly kinds: ResourceSet;
  readonly gates: FeatureGates;
  readonly store: Store;
  readonly clock: Clock;
}

export function showSelf({ registry, paths, cache, kinds, gates, store, clock }: SelfOptions): void {
  showRegistered(registry);
  showBuild(registry);
  showGates(registry, gates);
  showStorage(registry, store, clock);
  showProcess(registry, clock.now() - process.uptime() * 1000);
  if (kinds.of(Pod)) paths.add(POD_RESOURCES_PATH, podResources(cache));
}
