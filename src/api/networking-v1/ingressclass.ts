import { namedIfSet } from "#api/checks";
import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { at, forbidden, invalid, type Of, ref, required, resource, string, struct } from "#machinery/schema";

export const IngressClassParametersReference = struct(
  "networking.v1.IngressClassParametersReference",
  {
    apiGroup: string(1).pointer().doc("Group of the object; empty for the core group."),
    kind: string(2).required().notEmpty().doc("Kind of the object."),
    name: string(3).required().notEmpty().doc("Name of the object."),
    scope: string(4)
      .pointer()
      .always()
      .oneOf("Cluster", "Namespace")
      .default("Cluster")
      .doc("Namespace or Cluster."),
    namespace: string(5).pointer().doc("Namespace of the object, for scope Namespace."),
  },
  {
    *validate({ scope, namespace, apiGroup, kind, name }, path) {
      yield* namedIfSet(at(path, "apiGroup"), apiGroup, "dns-subdomain");
      yield* namedIfSet(at(path, "kind"), kind, "path-segment");
      yield* namedIfSet(at(path, "name"), name, "path-segment");
      yield* namedIfSet(at(path, "namespace"), namespace, "dns-label");
      if (scope === "Namespace" && !namespace)
        yield required(at(path, "namespace"), "`parameters.scope` is set to 'Namespace'");
      if (scope === "Cluster" && namespace !== undefined)
        yield forbidden(at(path, "namespace"), "`parameters.scope` is set to 'Cluster'");
    },
  },
);
export interface IngressClassParametersReference extends Of<typeof IngressClassParametersReference> {}

export const IngressClassSpec = struct("networking.v1.IngressClassSpec", {
  controller: string(1).maxLength(250).immutable().doc("Controller that serves the class."),
  parameters: ref(2, IngressClassParametersReference).doc("Further settings for the controller."),
});
export interface IngressClassSpec extends Of<typeof IngressClassSpec> {}

const CONTROLLER = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[-A-Za-z0-9/._~%!$&'()*+,;=:]+$/;

const parametersText = ({ parameters }: IngressClassSpec): string => {
  if (!parameters) return NONE;
  const { kind, apiGroup, name } = parameters;
  return apiGroup ? `${kind}.${apiGroup}/${name}` : `${kind}/${name}`;
};

export const IngressClass = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  doc: "Names the controller of a sort of Ingress.",
  plural: "ingressclasses",
  namespaced: false,
  metadata: ObjectMeta,
  spec: IngressClassSpec,
  counted: true,

  columns: [
    nameColumn,
    text("Controller", ({ spec }) => spec.controller ?? ""),
    text("Parameters", ({ spec }) => parametersText(spec)),
    ageColumn,
  ],
  rules: {
    *validate({ spec: { controller = "" } }) {
      if (!CONTROLLER.test(controller))
        yield invalid(
          "spec.controller",
          controller,
          'must be a domain-prefixed path (such as "acme.io/foo")',
        );
    },
  },
});
export interface IngressClass extends Of<typeof IngressClass> {}
