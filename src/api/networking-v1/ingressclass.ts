import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, ref, resource, string, struct } from "#machinery/schema";

export const IngressClassParametersReference = struct("networking.v1.IngressClassParametersReference", {
  apiGroup: string(1).pointer(),
  kind: string(2).required(),
  name: string(3).required(),
  scope: string(4).pointer().orNull(),
  namespace: string(5).pointer(),
});
export interface IngressClassParametersReference extends Of<typeof IngressClassParametersReference> {}

export const IngressClassSpec = struct("networking.v1.IngressClassSpec", {
  controller: string(1),
  parameters: ref(2, IngressClassParametersReference),
});
export interface IngressClassSpec extends Of<typeof IngressClassSpec> {}

export const IngressClass = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  namespaced: false,
  metadata: ObjectMeta,
  spec: IngressClassSpec,
  counted: true,
});
export interface IngressClass extends Of<typeof IngressClass> {}
