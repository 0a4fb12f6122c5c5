import { named } from "#api/checks";
import { at, type FieldProblem, notSupported, type Of, required, string, struct } from "#machinery/schema";

const RBAC_GROUP = "rbac.authorization.k8s.io";

export const RoleRef = struct(
  "rbac.v1.RoleRef",
  {
    apiGroup: string(1).required().default(RBAC_GROUP).doc("Group of the role's kind."),
    kind: string(2).required().notEmpty().doc("Role or ClusterRole."),
    name: string(3).required().notEmpty().doc("Name of the role."),
  },
  { atomic: true },
);
export interface RoleRef extends Of<typeof RoleRef> {}

export const Subject = struct(
  "rbac.v1.Subject",
  {
    kind: string(1)
      .oneOf("Group", "ServiceAccount", "User")
      .required()
      .notEmpty()
      .doc("User, Group or ServiceAccount."),
    apiGroup: string(2).doc("Group of the subject's kind."),
    name: string(3).required().notEmpty().doc("Name of the subject."),
    namespace: string(4).doc("Namespace of the subject, for service accounts."),
  },
  {
    atomic: true,

    *validate({ kind, apiGroup = "", name, namespace }, path) {
      const group = kind === "ServiceAccount" ? "" : RBAC_GROUP;
      if (apiGroup !== group) yield notSupported(at(path, "apiGroup"), apiGroup, [group]);
      if (kind !== "ServiceAccount") return;
      if (name !== "") yield* named(at(path, "name"), name, "dns-subdomain");
      if (!namespace) yield required(at(path, "namespace"));
    },
  },
);
export interface Subject extends Of<typeof Subject> {}

/** People and groups are known to RBAC itself, service accounts to the core group. */
export const subjectDefaults = (subjects: readonly Subject[]): readonly Subject[] =>
  subjects.map((subject) =>
    subject.apiGroup || subject.kind === "ServiceAccount" ? subject : { ...subject, apiGroup: RBAC_GROUP },
  );

/** A binding points to a role that it can reach. */
export function* roleRefProblems(
  { apiGroup, kind, name }: RoleRef,
  kinds: readonly string[],
): Iterable<FieldProblem> {
  if (apiGroup !== RBAC_GROUP) yield notSupported("roleRef.apiGroup", apiGroup, [RBAC_GROUP]);
  if (kind !== "" && !kinds.includes(kind)) yield notSupported("roleRef.kind", kind, kinds);
  if (name !== "") yield* named("roleRef.name", name, "path-segment");
}

export interface BindingParts {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[];
}

/** Names of the subjects of one kind, for tables. */
export const subjectNames =
  (kind: string) =>
  ({ subjects }: BindingParts): string =>
    (subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map(({ name, namespace }) => (kind === "ServiceAccount" ? `${namespace}/${name}` : name))
      .join(", ");
