/** Who is bound to which rules, kept current with the roles and bindings of the cluster. */
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { Role } from "#api/rbac-v1/role";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import type { Subject } from "#api/rbac-v1/subject";
import type { ReadCache, User } from "../contracts.ts";
import type { Rule } from "./rules.ts";

type Binding = ClusterRoleBinding | RoleBinding;
type SubjectKey = string;

/** One rule that a user has, and the words for why. */
export interface Grant {
  readonly rule: Rule;
  readonly binding: Binding;
  /** `ClusterRole "view"` */
  readonly role: string;
  readonly subject: Subject;
}

export interface Grants {
  readonly grants: readonly Grant[];
  /** Roles that bindings of the user name, but that do not exist. */
  readonly missing: readonly string[];
}

/** Bindings of one scope by their subjects. */
class Bindings {
  readonly #bySubject = new Map<SubjectKey, Map<string, Binding>>();

  get isEmpty(): boolean {
    return this.#bySubject.size === 0;
  }

  set(before: Binding | undefined, after: Binding | undefined): void {
    if (before) {
      for (const key of subjectKeys(before)) {
        const bindings = this.#bySubject.get(key);
        bindings?.delete(before.metadata.name);
        if (bindings?.size === 0) this.#bySubject.delete(key);
      }
    }
    if (after) {
      for (const key of subjectKeys(after)) {
        const bindings = this.#bySubject.get(key) ?? new Map<string, Binding>();
        bindings.set(after.metadata.name, after);
        this.#bySubject.set(key, bindings);
      }
    }
  }

  /** Bindings that name the user, or a group of theirs; none twice. */
  of(user: User): Set<Binding> {
    const found = new Set<Binding>();
    for (const key of [userKey(user.name), ...user.groups.map(groupKey)]) {
      for (const binding of this.#bySubject.get(key)?.values() ?? []) found.add(binding);
    }
    return found;
  }
}

const userKey = (name: string): SubjectKey => `u:${name}`;
const groupKey = (name: string): SubjectKey => `g:${name}`;
const accountName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

function subjectKey(subject: Subject, bindingNamespace: string): SubjectKey | undefined {
  if (subject.kind === "User") return userKey(subject.name);
  if (subject.kind === "Group") return groupKey(subject.name);
  if (subject.kind !== "ServiceAccount") return undefined;
  const namespace = subject.namespace ?? bindingNamespace;
  return namespace === "" ? undefined : userKey(accountName(namespace, subject.name));
}

function* subjectKeys(binding: Binding): Iterable<SubjectKey> {
  for (const subject of binding.subjects ?? []) {
    const key = subjectKey(subject, binding.metadata.namespace ?? "");
    if (key !== undefined) yield key;
  }
}

export class RoleIndex {
  readonly #cache: ReadCache;
  readonly #cluster = new Bindings();
  readonly #byNamespace = new Map<string, Bindings>();
  readonly #stops: (() => void)[];
  #generation = 0;

  constructor(cache: ReadCache) {
    this.#cache = cache;
    const changed = () => void this.#generation++;
    this.#stops = [
      cache.onChange(ClusterRole, changed),
      cache.onChange(Role, changed),
      cache.onChange(ClusterRoleBinding, ({ before, after }) => {
        changed();
        this.#cluster.set(before, after);
      }),
      cache.onChange(RoleBinding, ({ before, after }) => {
        changed();
        this.#change((after ?? before)?.metadata.namespace ?? "", before, after);
      }),
    ];
    for (const binding of cache.list(ClusterRoleBinding)) this.#cluster.set(undefined, binding);
    for (const binding of cache.list(RoleBinding)) {
      this.#change(binding.metadata.namespace ?? "", undefined, binding);
    }
  }

  /** Grows with every change of a role or binding: what was decided before it may no longer hold. */
  get generation(): number {
    return this.#generation;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** The user's rules cluster-wide, or those that bindings of this namespace add. */
  grants(user: User, namespace: string): Grants {
    const bindings = namespace === "" ? this.#cluster : this.#byNamespace.get(namespace);
    const grants: Grant[] = [];
    const missing: string[] = [];
    for (const binding of bindings?.of(user) ?? []) {
      const rules = this.#rulesOf(binding);
      const role = `${binding.roleRef.kind} "${binding.roleRef.name}"`;
      if (!rules) missing.push(missingRole(binding));
      const subject = subjectOf(user, binding);
      for (const rule of rules ?? []) grants.push({ rule, binding, role, subject });
    }
    return { grants, missing };
  }

  /** All rules of a role reference; undefined when there is no such role. */
  rulesOfRole(kind: string, name: string, namespace: string): readonly Rule[] | undefined {
    const role =
      kind === "ClusterRole"
        ? this.#cache.get(ClusterRole, undefined, name)
        : this.#cache.get(Role, namespace, name);
    return role && (role.rules ?? []);
  }

  #rulesOf({ roleRef, metadata }: Binding): readonly Rule[] | undefined {
    return this.rulesOfRole(roleRef.kind, roleRef.name, metadata.namespace ?? "");
  }

  /** Nothing stays of a namespace without bindings: they come and go by the thousands. */
  #change(namespace: string, before: Binding | undefined, after: Binding | undefined): void {
    const bindings = this.#byNamespace.get(namespace) ?? new Bindings();
    bindings.set(before, after);
    if (bindings.isEmpty) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, bindings);
  }
}

function subjectOf(user: User, binding: Binding): Subject {
  const keys = new Set([userKey(user.name), ...user.groups.map(groupKey)]);
  const namespace = binding.metadata.namespace ?? "";
  return binding.subjects!.find((subject) => keys.has(subjectKey(subject, namespace) ?? ""))!;
}

const missingRole = ({ roleRef }: Binding): string =>
  `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io "${roleRef.name}" not found`;
