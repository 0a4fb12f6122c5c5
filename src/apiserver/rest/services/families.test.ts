import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceSpec } from "#api/core-v1/servicespec";
import type { FieldProblem } from "#machinery/schema";
import { type FamilyName, planAddresses } from "./families.ts";

type Spec = Partial<ServiceSpec>;
const specOf = (spec: Spec): ServiceSpec =>
  ({ type: "ClusterIP", sessionAffinity: "None", selector: { app: "a" }, ...spec }) as ServiceSpec;

const V4: readonly FamilyName[] = ["IPv4"];
const BOTH: readonly FamilyName[] = ["IPv4", "IPv6"];
const [A, B] = ["10.0.0.7", "fd00::7"];
const single: Spec = {
  clusterIP: A,
  clusterIPs: [A],
  ipFamilies: ["IPv4"],
  ipFamilyPolicy: "SingleStack",
};
const dual: Spec = {
  clusterIP: A,
  clusterIPs: [A, B],
  ipFamilies: ["IPv4", "IPv6"],
  ipFamilyPolicy: "RequireDualStack",
};
const preferring: Spec = { ...single, ipFamilyPolicy: "PreferDualStack" };

interface Row {
  readonly says: string;
  readonly spec: Spec;
  readonly old?: Spec;
  readonly has?: readonly FamilyName[];
  /** Families, policy and addresses that are kept. */
  readonly plan: readonly [families: string, policy: string, addresses: string];
}

const rows: readonly Row[] = [
  { says: "nothing", spec: {}, plan: ["IPv4", "SingleStack", ""] },
  { says: "nothing, IPv6 first", spec: {}, has: ["IPv6", "IPv4"], plan: ["IPv6", "SingleStack", ""] },
  { says: "an address", spec: { clusterIP: B }, plan: ["IPv6", "SingleStack", B] },
  {
    says: "prefers two, has one",
    spec: { ipFamilyPolicy: "PreferDualStack" },
    has: V4,
    plan: ["IPv4", "PreferDualStack", ""],
  },
  {
    says: "prefers two",
    spec: { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6"] },
    plan: ["IPv6,IPv4", "PreferDualStack", ""],
  },
  {
    says: "headless, of no pods",
    spec: { clusterIP: "None", selector: {} },
    has: V4,
    plan: ["IPv4,IPv6", "RequireDualStack", "None"],
  },
  { says: "headless", spec: { clusterIP: "None" }, plan: ["IPv4", "SingleStack", "None"] },
  {
    says: "now wants two",
    old: single,
    spec: { ...single, ipFamilyPolicy: "RequireDualStack" },
    plan: ["IPv4,IPv6", "RequireDualStack", A],
  },
  {
    says: "now wants one",
    old: dual,
    spec: { ...dual, ipFamilyPolicy: "SingleStack" },
    plan: ["IPv4", "SingleStack", A],
  },
  {
    says: "still prefers two, in a cluster that has two now",
    old: preferring,
    spec: preferring,
    plan: ["IPv4", "PreferDualStack", A],
  },
  {
    says: "now names the second one, too",
    old: preferring,
    spec: { ...preferring, ipFamilies: ["IPv4", "IPv6"] },
    plan: ["IPv4,IPv6", "PreferDualStack", A],
  },
  {
    says: "was a name outside",
    old: { type: "ExternalName" },
    spec: { ipFamilyPolicy: "RequireDualStack" },
    plan: ["IPv4,IPv6", "RequireDualStack", ""],
  },
];

test("families and addresses follow from what is said, what was and what there is", () => {
  for (const { says, spec, old, has = BOTH, plan } of rows) {
    const problems: FieldProblem[] = [];
    const found = planAddresses(specOf(spec), old && specOf(old), has, problems);
    assert.deepEqual(problems, [], says);
    const { ipFamilies, ipFamilyPolicy, clusterIPs } = found!;
    assert.deepEqual([ipFamilies.join(), ipFamilyPolicy, clusterIPs.join()], plan, says);
  }
});

interface Refused {
  readonly spec: Spec;
  readonly old?: Spec;
  readonly problem: RegExp;
}

const refused: readonly Refused[] = [
  {
    spec: { ipFamilyPolicy: "RequireDualStack" },
    problem: /ipFamilyPolicy .*this cluster is not configured for dual-stack services/,
  },
  { spec: { ipFamilies: ["IPv6"] }, problem: /ipFamilies\[0\] .*not configured on this cluster/ },
  { spec: { clusterIP: B }, problem: /clusterIPs\[0\] .*IPv6 is not configured on this cluster/ },
  {
    spec: { clusterIPs: [A, B] },
    problem: /must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified/,
  },
  {
    spec: { ipFamilies: ["IPv4", "IPv6"] },
    problem: /must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified/,
  },
  {
    spec: { clusterIP: A, ipFamilies: ["IPv6"] },
    problem: /clusterIPs\[0\] .*expected an IPv6 value as indicated by `ipFamilies\[0\]`/,
  },
  {
    old: dual,
    spec: { ...dual, clusterIPs: [A] },
    problem: /must be 'SingleStack' to release the secondary cluster IP/,
  },
  {
    old: dual,
    spec: { ...dual, ipFamilies: ["IPv4"] },
    problem: /must be 'SingleStack' to release the secondary IP family/,
  },
];

test("what cannot be is refused with the reason", () => {
  for (const { spec, old, problem } of refused) {
    const problems: FieldProblem[] = [];
    assert.equal(planAddresses(specOf(spec), old && specOf(old), V4, problems), undefined);
    assert.match(problems.map((one) => `${one.path} ${one.detail}`).join("; "), problem);
  }
});
