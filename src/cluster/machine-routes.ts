/** On a local cluster the machine reaches services of all ranges, not of the first one alone. */
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import type { ReadCache } from "#apiserver/contracts";
import { asError } from "#base/attempt";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import type { FabricOptions } from "#network/machine/fabric";
import { routeFurther } from "#network/machine/start-fabric";

const log = logger("control-plane");

/** Follows the ranges until the scope closes; the routes stay then, as services do. */
export function keepMachineRoutes(cache: ReadCache, fabric: FabricOptions, scope: Scope): void {
  let routed: string | undefined;
  let work = Promise.resolve();
  const follow = async (): Promise<void> => {
    const ranges = [...cache.list(ServiceCIDR)].flatMap(({ spec }) => spec.cidrs ?? []);
    if (scope.closed || ranges.join() === routed) return;
    try {
      await routeFurther(fabric, ranges);
      routed = ranges.join();
    } catch (error) {
      log.warn("the machine has no routes to further services", { error: asError(error) });
    }
  };
  const queue = (): void => void (work = work.then(follow));
  scope.defer(cache.onChange(ServiceCIDR, queue));
  scope.defer(() => work);
  queue();
}
