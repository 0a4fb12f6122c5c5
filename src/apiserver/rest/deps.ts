import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { FeatureGates } from "../gates.ts";
import type { Limits } from "../limits.ts";
import type { ResourceSet } from "../resource-set.ts";
import type { AdmissionChain } from "./admission-chain.ts";
import type { KindHooks } from "./kind-hooks.ts";

/** What the verbs work with. */
export interface RestDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly gates: FeatureGates;
  readonly kinds: ResourceSet;
  readonly admission: AdmissionChain;
  /** By `apiVersion/Kind`. */
  readonly hooks: ReadonlyMap<string, KindHooks>;
}
