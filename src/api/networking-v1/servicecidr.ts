import { unchanged } from "#api/checks";
import { ageColumn, nameColumn, text } from "#api/columns";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { familyOf, formatCidr, parseCidr } from "#base/ip";
import {
  type FieldProblem,
  invalid,
  item,
  list,
  type Of,
  required,
  resource,
  string,
  struct,
} from "#machinery/schema";

export const ServiceCIDRSpec = struct("networking.v1.ServiceCIDRSpec", {
  cidrs: list(1, string).atomic().doc("Ranges, one of each address family at most."),
});
export interface ServiceCIDRSpec extends Of<typeof ServiceCIDRSpec> {}

export const ServiceCIDRStatus = struct("networking.v1.ServiceCIDRStatus", {
  conditions: list(1, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
});
export interface ServiceCIDRStatus extends Of<typeof ServiceCIDRStatus> {}

/** The one that the server makes of the range that it was started with. */
export const DEFAULT_SERVICE_CIDR = "kubernetes";
/** Keeps a range until no service has an address of it alone. */
export const SERVICE_CIDR_FINALIZER = "networking.k8s.io/service-cidr-finalizer";
export const READY = "Ready";

export const ServiceCIDR = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "ServiceCIDR",
  doc: "A range of addresses for services.",
  plural: "servicecidrs",
  namespaced: false,
  metadata: ObjectMeta,
  spec: ServiceCIDRSpec,
  status: ServiceCIDRStatus,
  counted: false,

  columns: [nameColumn, text("CIDRs", ({ spec }) => (spec.cidrs ?? []).join(",")), ageColumn],
  rules: {
    validate: rangeProblems,
    validateUpdate: rangeUpdateProblems,
  },
});

interface Unvalidated {
  readonly spec: ServiceCIDRSpec;
}

/** Of every version. */
export function rangeProblems({ spec: { cidrs = [] } }: Unvalidated): Iterable<FieldProblem> {
  return problemsOfRanges(cidrs);
}

/** Of every version: a second family may join the first; else ranges are for ever. */
export function* rangeUpdateProblems({ spec }: Unvalidated, old: Unvalidated): Iterable<FieldProblem> {
  const [now = [], before = []] = [spec.cidrs, old.spec.cidrs];
  const path = "spec.cidrs";
  const joins = before.length === 1 && now.length === 2;
  if (now.length !== before.length && !joins) return yield* unchanged(path, now, before);
  for (const [index, range] of before.entries()) yield* unchanged(item(path, index), now[index], range);
}

function* problemsOfRanges(cidrs: readonly string[]): Iterable<FieldProblem> {
  const path = "spec.cidrs";
  if (cidrs.length === 0) return yield required(path, "at least one CIDR required");
  if (cidrs.length > 2) return yield invalid(path, cidrs, "may only hold up to 2 values");
  if (cidrs.length === 2 && familyOf(cidrs[0]!) === familyOf(cidrs[1]!))
    yield invalid(
      path,
      cidrs,
      "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
    );
  for (const [index, text] of cidrs.entries()) {
    const cidr = parseCidr(text);
    if (!cidr)
      yield invalid(
        item(path, index),
        text,
        "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
      );
    else if (formatCidr(cidr) !== text)
      yield invalid(item(path, index), text, `must be in canonical form ("${formatCidr(cidr)}")`);
  }
}

export interface ServiceCIDR extends Of<typeof ServiceCIDR> {}

/** Are addresses given from it? As long as nobody looks after ranges, nobody has said that one is not ready. */
export function isReadyServiceCidr({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const ready = status.conditions?.find(({ type }) => type === READY);
  return ready === undefined || ready.status === "True";
}
