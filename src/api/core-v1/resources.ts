import { distinct, named, own } from "#api/checks";
import { compareQuantities, quantityMilli } from "#machinery/quantity";
import {
  at,
  entry,
  type FieldProblem,
  forbidden,
  invalid,
  list,
  map,
  type Of,
  quantity,
  required,
  string,
  struct,
} from "#machinery/schema";

/** Amounts by resource name, as quantity text. */
export type ResourceList = Readonly<Record<string, string>>;

const STANDARD = ["cpu", "memory", "ephemeral-storage"];
const HUGE_PAGES = "hugepages-";

export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);

/** Without a prefix, or with one of Kubernetes' own. */
const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");

/** A resource of devices: counted in whole pieces, and never given out twice. */
export const isExtendedResource = (name: string): boolean => !isNative(name) && !name.startsWith("requests.");

/** May more be promised (limits) than there is? */
export const canOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

/** A resource that containers can ask for. */
export function* resourceNameProblems(name: string, path: string): Iterable<FieldProblem> {
  yield* named(path, name, "qualified-name");
  if (!name.includes("/")) {
    if (!STANDARD.includes(name) && !isHugePages(name))
      yield invalid(path, name, "must be a standard resource for containers");
  } else if (!isNative(name) && !isExtendedResource(name))
    yield invalid(path, name, "doesn't follow extended resource name standard");
}

/** An amount of one resource: not negative, and whole where the resource comes in pieces. */
export function* amountProblems(name: string, amount: string, path: string): Iterable<FieldProblem> {
  if (amount.startsWith("-")) yield invalid(path, amount, "must be greater than or equal to 0");
  if (isExtendedResource(name) && quantityMilli(amount) % 1000 !== 0)
    yield invalid(path, amount, "must be an integer");
}

/** Resources of containers, each with an amount that it can have. */
export function* resourceListProblems(list: ResourceList | undefined, path: string): Iterable<FieldProblem> {
  for (const [name, amount] of Object.entries(list ?? {})) {
    const where = entry(path, name);
    yield* resourceNameProblems(name, where);
    yield* amountProblems(name, amount, where);
    if (isHugePages(name) && !isWholePages(name.slice(HUGE_PAGES.length), amount))
      yield invalid(where, amount, `must be a positive multiple of ${name.slice(HUGE_PAGES.length)}`);
  }
}

function isWholePages(size: string, amount: string): boolean {
  try {
    return quantityMilli(amount) % quantityMilli(size) === 0;
  } catch {
    return false;
  }
}

function* requestProblems(
  { limits = {}, requests = {} }: { readonly limits?: ResourceList; readonly requests?: ResourceList },
  path: string,
): Iterable<FieldProblem> {
  for (const [name, request] of Object.entries(requests)) {
    const limit = own(limits, name);
    if (limit === undefined) {
      if (!canOvercommit(name))
        yield required(at(path, "limits"), "Limit must be set for non overcommitable resources");
    } else if (compareQuantities(request, limit) > 0 && canOvercommit(name))
      yield invalid(at(path, "requests"), request, `must be less than or equal to ${name} limit of ${limit}`);
    else if (compareQuantities(request, limit) !== 0 && !canOvercommit(name))
      yield invalid(at(path, "requests"), request, `must be equal to ${name} limit of ${limit}`);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes("cpu") && !names.includes("memory"))
    yield forbidden(path, "HugePages require cpu or memory");
}

export const ResourceClaim = struct("core.v1.ResourceClaim", {
  name: string(1).required().notEmpty().doc("Name of the claim within the pod."),
  request: string(2).doc("Request of the claim that is meant; without it all of them."),
});
export interface ResourceClaim extends Of<typeof ResourceClaim> {}

export const ResourceRequirements = struct(
  "core.v1.ResourceRequirements",
  {
    limits: map(1, quantity).doc("The most that may be used."),
    requests: map(2, quantity).doc("What is set aside; by default the limits."),
    claims: list(3, ResourceClaim).keyedBy("name").doc("Devices, by the names of the pod's resourceClaims."),
  },
  {
    *validate(requirements, path) {
      yield* resourceListProblems(requirements.limits, at(path, "limits"));
      yield* resourceListProblems(requirements.requests, at(path, "requests"));
      yield* requestProblems(requirements, path);
      yield* distinct(at(path, "claims"), requirements.claims, ({ name, request }) =>
        request ? `${name}/${request}` : name,
      );
    },
  },
);
export interface ResourceRequirements extends Of<typeof ResourceRequirements> {}

export const VolumeResourceRequirements = struct("core.v1.VolumeResourceRequirements", {
  limits: map(1, quantity).doc("Most storage the claim may have."),
  requests: map(2, quantity).doc("Least storage the claim needs."),
});
export interface VolumeResourceRequirements extends Of<typeof VolumeResourceRequirements> {}
