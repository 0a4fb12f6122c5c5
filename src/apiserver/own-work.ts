import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Store } from "#store/store";
import type { Aggregation } from "./aggregation/aggregation.ts";
import { LocalServices } from "./aggregation/local-services.ts";
import { bootstrapNamespaces } from "./bootstrap.ts";
import type { Loopback, ReadCache } from "./contracts.ts";
import { CustomKinds, type CustomKindsOptions } from "./custom/custom-kinds.ts";
import type { ResourceSet } from "./resource-set.ts";
import { keepDefaultRange } from "./rest/services/default-range.ts";
import { keepNodePorts } from "./rest/services/node-port-repair.ts";
import type { ServiceRanges } from "./rest/services/ranges.ts";

interface Bootstrapped {
  readonly kinds: ResourceSet;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly ranges: ServiceRanges;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** Objects that every cluster has, made before anybody asks for them; those of services are kept from then on. */
export async function bootstrapObjects({ kinds, cache, ranges, store, ...own }: Bootstrapped): Promise<void> {
  if (kinds.of(Namespace)) await bootstrapNamespaces(own.loopback, cache);
  if (kinds.of(ServiceCIDR)) await keepDefaultRange({ ...own, cache, ranges: ranges.addresses });
  const services = kinds.of(Service)?.storage;
  if (services) keepNodePorts({ ...own, store, services, range: ranges.nodePorts });
}

interface OwnWork extends CustomKindsOptions {
  readonly aggregation: Aggregation;
}

/** What the server does by itself as long as it lives, beside answering. */
export async function startOwnWork({ aggregation, ...options }: OwnWork): Promise<void> {
  const { kinds, loopback } = options;
  if (kinds.of(CustomResourceDefinition)) await new CustomKinds(options).start();
  if (kinds.of(APIService)) await new LocalServices(options).start();
  await aggregation.start(loopback);
}
