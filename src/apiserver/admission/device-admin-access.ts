import { Namespace } from "#api/core-v1/namespace";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import type { FieldProblem } from "#machinery/schema";
import { forbidden } from "#machinery/schema";
import { invalidObject } from "#machinery/status";
import type { Admission, AdmissionPlugin, ReadCache } from "../contracts.ts";

const LABEL = "resource.kubernetes.io/admin-access";
const TEXT = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`;

/** A request for devices, in the form of any version. */
interface Request {
  readonly adminAccess?: boolean;
  readonly exactly?: { readonly adminAccess?: boolean };
}

interface ClaimSpec {
  readonly devices?: { readonly requests?: readonly Request[] };
}

/** Devices are looked into while others use them only from namespaces that are labelled for it. */
export const deviceAdminAccess = (cache: ReadCache): AdmissionPlugin => ({
  name: "DeviceAdminAccess",
  handles: ({ operation, resource, subresource }) =>
    operation === "CREATE" &&
    subresource === "" &&
    resource.group === ResourceClaim.group &&
    (resource.plural === "resourceclaims" || resource.plural === "resourceclaimtemplates"),
  validate(admission) {
    const problems = problemsOf(admission);
    if (problems.length === 0 || isLabelled(cache, admission)) return;
    const { kind, group } = admission.resource;
    throw invalidObject({ group, kind }, admission.object?.metadata.name ?? "", problems);
  },
});

function problemsOf({ object, resource }: Admission): FieldProblem[] {
  const isTemplate = resource.plural === "resourceclaimtemplates";
  const { spec } = object as unknown as { readonly spec: ClaimSpec & { readonly spec?: ClaimSpec } };
  const path = isTemplate ? "spec.spec" : "spec";
  const requests = (isTemplate ? spec.spec : spec)?.devices?.requests ?? [];
  return requests.flatMap(({ exactly, adminAccess }, index) => {
    if (!adminAccess && !exactly?.adminAccess) return [];
    const where = `${path}.devices.requests[${index}]${exactly ? ".exactly" : ""}.adminAccess`;
    return [forbidden(where, TEXT)];
  });
}

const isLabelled = (cache: ReadCache, { object }: Admission): boolean =>
  cache.get(Namespace, undefined, object?.metadata.namespace ?? "")?.metadata.labels?.[LABEL] === "true";
