import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { item } from "#machinery/schema";
import { addressWarnings, rangeWarnings } from "./address-warnings.ts";
import { isHeadless } from "./service-rules.ts";
import type { ServiceSpec } from "./servicespec.ts";

const OLD_HINTS = "service.kubernetes.io/topology-aware-hints";

/** What a service says in vain, or in a way that will go. */
export function* serviceWarnings({
  metadata,
  spec,
}: {
  readonly metadata: ObjectMeta;
  readonly spec: ServiceSpec;
}): Iterable<string> {
  const { type, externalIPs = [], loadBalancerIP, externalName } = spec;
  if (metadata.annotations?.[OLD_HINTS] !== undefined)
    yield `annotation ${OLD_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`;
  if (type === "ClusterIP" && isHeadless(spec)) {
    if (loadBalancerIP) yield "spec.loadBalancerIP is ignored for headless services";
    if (externalIPs.length > 0) yield "spec.externalIPs is ignored for headless services";
    if (spec.sessionAffinity !== "None") yield "spec.SessionAffinity is ignored for headless services";
  }
  for (const name of ["clusterIPs", "externalIPs"] as const)
    for (const [index, address] of (spec[name] ?? []).entries())
      yield* addressWarnings(address, item(`spec.${name}`, index));
  if (loadBalancerIP) yield* addressWarnings(loadBalancerIP, "spec.loadBalancerIP");
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    yield* rangeWarnings(range, item("spec.loadBalancerSourceRanges", index));
  if (type === "ExternalName" && externalIPs.length > 0)
    yield 'spec.externalIPs is ignored when spec.type is "ExternalName"';
  if (type !== "ExternalName" && externalName)
    yield 'spec.externalName is ignored when spec.type is not "ExternalName"';
  if (spec.trafficDistribution === "PreferClose")
    yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"';
}
