import type { Service } from "#api/core-v1/service";
import type { ServiceSpec } from "#api/core-v1/servicespec";
import { type Cidr, type IpFamily, familyOf } from "#base/ip";
import { type FieldProblem, invalid } from "#machinery/schema";

export type FamilyName = "IPv4" | "IPv6";
export const nameOfFamily = (family: IpFamily): FamilyName => (family === "ipv4" ? "IPv4" : "IPv6");

export interface Families {
  readonly ipFamilies: readonly FamilyName[];
  readonly ipFamilyPolicy: NonNullable<ServiceSpec["ipFamilyPolicy"]>;
}

const HEADLESS = "None";
const isHeadless = ({ clusterIP, clusterIPs }: ServiceSpec): boolean =>
  clusterIP === HEADLESS || clusterIPs?.[0] === HEADLESS;

/** Which families a service has, from what it says and what the cluster has. `problems` hears what cannot be. */
export function familiesOf({ spec }: Service, ranges: readonly Cidr[], problems: FieldProblem[]): Families {
  const available = ranges.map(({ family }) => nameOfFamily(family));
  const named = (spec.ipFamilies ?? []) as readonly FamilyName[];
  const given = isHeadless(spec)
    ? []
    : (spec.clusterIPs ?? []).map((address) => nameOfFamily(familyOf(address)));
  const asked = named.length > 0 ? named : given;
  const everywhere = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  const policy =
    spec.ipFamilyPolicy ??
    (asked.length > 1
      ? "RequireDualStack"
      : everywhere && asked.length === 0
        ? "RequireDualStack"
        : "SingleStack");
  const missing = asked.find((family) => !available.includes(family));
  if (missing && !everywhere) {
    problems.push(invalid("spec.ipFamilies[0]", missing, "not configured on this cluster"));
  }
  if (policy === "RequireDualStack" && available.length < 2 && !everywhere) {
    problems.push(
      invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services"),
    );
  }
  const first = asked[0] ?? available[0] ?? "IPv4";
  if (policy === "SingleStack") return { ipFamilies: [first], ipFamilyPolicy: policy };
  const second =
    asked[1] ?? available.find((family) => family !== first) ?? (everywhere ? other(first) : undefined);
  return { ipFamilies: second ? [first, second] : [first], ipFamilyPolicy: policy };
}

const other = (family: FamilyName): FamilyName => (family === "IPv4" ? "IPv6" : "IPv4");
