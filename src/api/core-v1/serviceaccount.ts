import { ageColumn, nameColumn, text } from "#api/columns";
import { LocalObjectReference, ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, entry, list, type Of, resource } from "#machinery/schema";

const MOUNTABLE = "kubernetes.io/enforce-mountable-secrets";

export const ServiceAccount = resource({
  apiVersion: "v1",
  kind: "ServiceAccount",
  doc: "An identity for pods.",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  namespaced: true,
  metadata: ObjectMeta,
  subresources: {
    token: { kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1", verbs: ["create"] },
  },
  fields: {
    secrets: list(2, ObjectReference).mergedBy("name").doc("Secrets that its pods may use."),
    imagePullSecrets: list(3, LocalObjectReference).atomic().doc("Secrets with which its pods pull images."),
    automountServiceAccountToken: bool(4).pointer().doc("Whether pods get its token."),
  },

  columns: [
    nameColumn,
    text("Secrets", ({ secrets }: { readonly secrets?: readonly ObjectReference[] }) => secrets?.length ?? 0),
    ageColumn,
  ],
  rules: {
    *warnings({ metadata }) {
      if (metadata.annotations?.[MOUNTABLE] !== undefined)
        yield `${entry("metadata.annotations", MOUNTABLE)}: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`;
    },
  },
});
export interface ServiceAccount extends Of<typeof ServiceAccount> {}
