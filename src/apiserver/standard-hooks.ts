/** What single kinds need beyond their rules. */
import type { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { IPAddress } from "#api/networking-v1/ipaddress";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { ResourceSet } from "./resource-set.ts";
import type { KindHooks } from "./rest/kind-hooks.ts";
import type { ServiceRanges } from "./rest/services/ranges.ts";
import { ServiceHooks } from "./rest/services/service-hooks.ts";

export interface StandardHooksOptions {
  readonly kinds: ResourceSet;
  readonly ranges: ServiceRanges;
  readonly clock: Clock;
  readonly random: Random;
}

/** By `apiVersion/Kind`. */
export function standardHooks(options: StandardHooksOptions): ReadonlyMap<string, KindHooks> {
  const hooks = new Map<string, KindHooks>();
  const service = serviceHooks(options);
  if (service) hooks.set("v1/Service", service);
  hooks.set("v1/Namespace", namespaceHooks);
  return hooks;
}

function serviceHooks({ kinds, ranges, clock, random }: StandardHooksOptions): KindHooks | undefined {
  const storage = kinds.of(Service)?.storage;
  if (!storage) return undefined;
  const fresh = () => storage.fresh();
  const addresses = kinds.of(IPAddress)?.storage?.cache;
  const cidrs = kinds.of(ServiceCIDR)?.storage?.cache;
  return new ServiceHooks({ ranges, services: storage.cache, cidrs, addresses, clock, random, fresh });
}

const namespaceHooks: KindHooks = {
  holdsOn: (object) => ((object as Namespace).spec.finalizers ?? []).length > 0,
};
