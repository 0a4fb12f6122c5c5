/** Nobody makes policies read what they may not read themselves. */
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { ValidatingAdmissionPolicyBinding } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import type { ParamKind } from "#api/admissionregistration-v1/matching";
import { MutatingAdmissionPolicy } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicy";
import { MutatingAdmissionPolicyBinding } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicybinding";
import { sameJson } from "#machinery/same-json";
import { type AnyObject, forbidden, type Resource } from "#machinery/schema";
import { invalidObject } from "#machinery/status";
import { ADMIN_GROUP } from "../../authorization/authorizer.ts";
import type { Admission, AdmissionPlugin, Authorizer, ReadCache } from "../../contracts.ts";
import type { ResourceSet } from "../../resource-set.ts";
import { isAbout } from "../about.ts";
import { Misconfigured, type Params } from "./params.ts";
import type { AnyBinding, AnyPolicy } from "./source.ts";

export interface ReferenceOptions {
  readonly cache: ReadCache;
  readonly kinds: ResourceSet;
  readonly params: Params;
  readonly authorizer: Authorizer;
}

const POLICIES = [
  ValidatingAdmissionPolicy,
  MutatingAdmissionPolicy,
] as unknown as readonly Resource<AnyPolicy>[];
const BINDINGS = [
  ValidatingAdmissionPolicyBinding,
  MutatingAdmissionPolicyBinding,
] as unknown as readonly Resource<AnyBinding>[];

const isOneOf = <T extends AnyObject>(admission: Admission, kinds: readonly Resource<T>[]): boolean =>
  kinds.some((kind) => isAbout(admission, kind));

export const policyReferences = (options: ReferenceOptions): AdmissionPlugin => ({
  name: "AdmissionPolicyReferences",
  handles: (admission) =>
    (admission.operation === "CREATE" || admission.operation === "UPDATE") &&
    (isOneOf(admission, POLICIES) || isOneOf(admission, BINDINGS)) &&
    !admission.user.groups.includes(ADMIN_GROUP),
  async validate(admission) {
    const { object, old } = admission;
    if (isOneOf(admission, POLICIES)) {
      await checkKind(options, admission, object as AnyPolicy, old as AnyPolicy | undefined);
    } else await checkReference(options, admission, object as AnyBinding, old as AnyBinding | undefined);
  },
});

async function checkKind(
  options: ReferenceOptions,
  admission: Admission,
  { spec: { paramKind } }: AnyPolicy,
  old: AnyPolicy | undefined,
): Promise<void> {
  if (!paramKind || (old && sameJson(old.spec.paramKind, paramKind))) return;
  if (await mayGet(options, admission, paramKind, { name: "*", namespace: "*" })) return;
  const { kind = "", apiVersion = "" } = paramKind;
  const of = `(kind=${kind}, apiVersion=${apiVersion})`;
  const why = `user ${admission.user.name} must have "get" permission on all objects of the referenced paramKind ${of}`;
  refuse(admission, "spec.paramKind", why);
}

async function checkReference(
  options: ReferenceOptions,
  admission: Admission,
  { spec: { paramRef, policyName = "" } }: AnyBinding,
  old: AnyBinding | undefined,
): Promise<void> {
  if (!paramRef) return;
  if (old && sameJson(old.spec.paramRef, paramRef) && old.spec.policyName === policyName) return;
  const policies = POLICIES[BINDINGS.findIndex((kind) => isAbout(admission, kind))]!;
  const policy = options.kinds.of(policies) && options.cache.get(policies, undefined, policyName);
  const { name = "", namespace = "" } = paramRef;
  if (await mayGet(options, admission, policy?.spec.paramKind, { name, namespace })) return;
  const who = `user ${admission.user.name}`;
  refuse(
    admission,
    "spec.paramRef",
    `${who} does not have "get" permission on the object referenced by paramRef`,
  );
}

/** Of what is not known, all is asked for. */
async function mayGet(
  { params, authorizer }: ReferenceOptions,
  { user }: Admission,
  paramKind: ParamKind | undefined,
  place: { readonly name: string; readonly namespace: string },
): Promise<boolean> {
  const { verdict } = await authorizer.authorize(user, {
    isResource: true,
    path: "",
    verb: "get",
    ...kindOf(params, paramKind),
    subresource: "",
    query: new URLSearchParams(),
    ...place,
  });
  return verdict === "allow";
}

interface Asked {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

function kindOf(params: Params, paramKind: ParamKind | undefined): Asked {
  if (!paramKind) return { group: "*", version: "*", resource: "*" };
  const { apiVersion = "" } = paramKind;
  const slash = apiVersion.indexOf("/");
  const named = { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1) };
  try {
    return { ...named, resource: params.kindOf(paramKind).plural };
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
    return { ...named, resource: "*" };
  }
}

function refuse({ resource, name }: Admission, path: string, why: string): never {
  throw invalidObject(resource, name, [forbidden(path, why)]);
}
