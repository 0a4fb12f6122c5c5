import type { AnyOwner, Resource } from "#machinery/schema";
import type { Admission, AdmissionPlugin, Authorizer, RequestInfo } from "../contracts.ts";
import { refusal } from "./about.ts";

/** Finds the kind that an owner reference names. */
export type FindKind = (apiVersion: string, kind: string) => Resource | undefined;

/** Who makes an object depend on others decides when it goes: only those who may delete it may do so. */
export const ownerReferencesPermissionEnforcement = (
  authorizer: Authorizer,
  findKind: FindKind,
): AdmissionPlugin => ({
  name: "OwnerReferencesPermissionEnforcement",
  handles: ({ operation, subresource }) =>
    (operation === "CREATE" || operation === "UPDATE") && (subresource === "" || subresource === "status"),
  async validate(admission) {
    const after = admission.object?.metadata?.ownerReferences ?? [];
    const before = admission.old?.metadata.ownerReferences ?? [];
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    // Whoever creates an object may say what it belongs to.
    if (admission.operation === "UPDATE") await mayDelete(admission, authorizer);
    const blocking = after.filter(
      (owner) =>
        owner.blockOwnerDeletion &&
        !before.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion),
    );
    await Promise.all(blocking.map((owner) => mayBlock(admission, authorizer, findKind, owner)));
  },
});

async function mayDelete(admission: Admission, authorizer: Authorizer): Promise<void> {
  const { resource, namespace, name, user } = admission;
  const { group, version, plural } = resource;
  const asked = request({ verb: "delete", group, version, resource: plural, namespace, name });
  const { verdict, reason } = await authorizer.authorize(user, asked);
  if (verdict === "allow") return;
  throw refusal(admission, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
}

async function mayBlock(
  admission: Admission,
  authorizer: Authorizer,
  findKind: FindKind,
  owner: AnyOwner,
): Promise<void> {
  const kind = findKind(owner.apiVersion, owner.kind);
  const head = "cannot set blockOwnerDeletion";
  if (!kind) {
    throw refusal(
      admission,
      `${head} in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}`,
    );
  }
  const asked = request({
    verb: "update",
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: "finalizers",
    namespace: kind.namespaced ? admission.namespace : "",
    name: owner.name,
  });
  const { verdict, reason } = await authorizer.authorize(admission.user, asked);
  if (verdict === "allow") return;
  throw refusal(
    admission,
    `${head} if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`,
  );
}

const request = (about: Partial<RequestInfo>): RequestInfo => ({
  isResource: true,
  path: "",
  verb: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  query: new URLSearchParams(),
  ...about,
});
