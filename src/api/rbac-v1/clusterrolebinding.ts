import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { RoleRef, Subject } from "#api/rbac-v1/subject";
import { list, type Of, resource, value } from "#machinery/schema";

export const ClusterRoleBinding = resource({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    subjects: list(2, Subject).atomic(),
    roleRef: value(3, RoleRef).required(),
  },
});
export interface ClusterRoleBinding extends Of<typeof ClusterRoleBinding> {}
