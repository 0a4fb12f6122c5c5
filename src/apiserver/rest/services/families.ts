import type { ServiceSpec } from "#api/core-v1/servicespec";
import { sameValue } from "#api/checks";
import { type IpFamily, familyOf } from "#base/ip";
import { type FieldProblem, invalid } from "#machinery/schema";

export type FamilyName = "IPv4" | "IPv6";
export const nameOfFamily = (family: IpFamily): FamilyName => (family === "ipv4" ? "IPv4" : "IPv6");
export const familyNamed = (name: FamilyName): IpFamily => (name === "IPv4" ? "ipv4" : "ipv6");

type Policy = NonNullable<ServiceSpec["ipFamilyPolicy"]>;

/** The addresses that a service should have: one of each family, in order. */
export interface AddressPlan {
  readonly ipFamilies: readonly FamilyName[];
  readonly ipFamilyPolicy: Policy;
  /** Those that are named already; for the families after them one is to be found. */
  readonly clusterIPs: readonly string[];
}

const HEADLESS = "None";

/**
 * Families and addresses of a service that can have some, from what it says, what it was and what the cluster has; the
 * first family is the one of services that do not ask. Undefined when `problems` has heard what cannot be.
 */
export function planAddresses(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  configured: readonly FamilyName[],
  problems: FieldProblem[],
): AddressPlan | undefined {
  const before = old?.type === "ExternalName" ? undefined : old;
  const ipFamilyPolicy = spec.ipFamilyPolicy ?? before?.ipFamilyPolicy ?? policyOf(spec);
  const said = { ipFamilyPolicy, ipFamilies: familiesIn(spec), clusterIPs: addressesIn(spec) };
  // A service that likes two families gets none and loses none by a change that is about something else.
  if (before && ipFamilyPolicy === "PreferDualStack" && said.ipFamilies.length > 0 && isSame(spec, before))
    return said;
  const asked = before && ipFamilyPolicy === "SingleStack" ? withoutSecond(said, before) : said;
  const found = [...changeProblems(asked, before), ...countProblems(asked), ...unknown(asked, configured)];
  if (found.length > 0) return void problems.push(...found);
  const named = inferred(asked);
  if (isFree(spec)) return { ...asked, ipFamilies: completed(named, asked, configured[0] ?? "IPv4", 2) };
  problems.push(...availabilityProblems(named, ipFamilyPolicy, configured));
  if (problems.length > 0) return undefined;
  return {
    ...asked,
    ipFamilies: completed(named, asked, configured[0] ?? "IPv4", configured.length),
  };
}

const familiesIn = ({ ipFamilies }: ServiceSpec) => (ipFamilies ?? []) as readonly FamilyName[];

const addressesIn = ({ clusterIP, clusterIPs }: ServiceSpec): readonly string[] =>
  clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];

const isHeadless = (spec: ServiceSpec): boolean => addressesIn(spec)[0] === HEADLESS;

/** Neither an address nor pods: it may say of itself what it likes, whatever the cluster has. */
const isFree = (spec: ServiceSpec): boolean =>
  isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;

const policyOf = (spec: ServiceSpec): Policy => (isFree(spec) ? "RequireDualStack" : "SingleStack");

const isSame = (spec: ServiceSpec, old: ServiceSpec): boolean =>
  old.ipFamilyPolicy === "PreferDualStack" &&
  sameValue(addressesIn(spec), addressesIn(old)) &&
  sameValue(familiesIn(spec), familiesIn(old));

/** Who asks for one family and leaves the rest as it was gives the second one back. */
function withoutSecond(plan: AddressPlan, old: ServiceSpec): AddressPlan {
  const { clusterIPs, ipFamilies } = plan;
  return {
    ...plan,
    ...(sameValue(clusterIPs, addressesIn(old)) ? { clusterIPs: clusterIPs.slice(0, 1) } : {}),
    ...(sameValue(ipFamilies, familiesIn(old)) ? { ipFamilies: ipFamilies.slice(0, 1) } : {}),
  };
}

const POLICY = "spec.ipFamilyPolicy";

function* changeProblems(
  { ipFamilyPolicy, clusterIPs, ipFamilies }: AddressPlan,
  old: ServiceSpec | undefined,
): Iterable<FieldProblem> {
  if (!old || ipFamilyPolicy === "SingleStack") return;
  const text = (what: string) => `must be 'SingleStack' to release the secondary ${what}`;
  if (addressesIn(old).length === 2 && clusterIPs.length === 1)
    yield invalid(POLICY, ipFamilyPolicy, text("cluster IP"));
  if (familiesIn(old).length === 2 && ipFamilies.length === 1)
    yield invalid(POLICY, ipFamilyPolicy, text("IP family"));
}

function* countProblems({ ipFamilyPolicy, clusterIPs, ipFamilies }: AddressPlan): Iterable<FieldProblem> {
  if (ipFamilyPolicy !== "SingleStack") return;
  const text = (what: string) =>
    `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  if (clusterIPs.length === 2) yield invalid(POLICY, ipFamilyPolicy, text("cluster IPs"));
  if (ipFamilies.length === 2) yield invalid(POLICY, ipFamilyPolicy, text("IP families"));
}

/** Addresses of families that were not named must be of those that the cluster has. */
function* unknown(
  { clusterIPs, ipFamilies }: AddressPlan,
  configured: readonly FamilyName[],
): Iterable<FieldProblem> {
  for (const [index, address] of clusterIPs.entries()) {
    if (address === HEADLESS) return;
    const family = nameOfFamily(familyOf(address));
    const named = ipFamilies[index];
    if (named === undefined && !configured.includes(family))
      yield invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`);
    else if (named !== undefined && named !== family)
      yield invalid(
        `spec.clusterIPs[${index}]`,
        address,
        `expected an ${named} value as indicated by \`ipFamilies[${index}]\``,
      );
  }
}

const inferred = ({ clusterIPs, ipFamilies }: AddressPlan): readonly FamilyName[] => [
  ...ipFamilies,
  ...(clusterIPs[0] === HEADLESS ? [] : clusterIPs)
    .slice(ipFamilies.length)
    .map((address) => nameOfFamily(familyOf(address))),
];

function* availabilityProblems(
  named: readonly FamilyName[],
  policy: Policy,
  configured: readonly FamilyName[],
): Iterable<FieldProblem> {
  if (policy === "RequireDualStack" && configured.length < 2)
    yield invalid(POLICY, policy, "this cluster is not configured for dual-stack services");
  for (const [index, family] of named.entries())
    if (!configured.includes(family))
      yield invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster");
}

function completed(
  named: readonly FamilyName[],
  { ipFamilyPolicy }: AddressPlan,
  standard: FamilyName,
  available: number,
): readonly FamilyName[] {
  const families = named.length > 0 ? named : [standard];
  if (ipFamilyPolicy === "SingleStack" || families.length === 2 || available < 2) return families;
  return [families[0]!, families[0] === "IPv4" ? "IPv6" : "IPv4"];
}
