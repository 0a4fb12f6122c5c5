import { assert } from "#base/assert";
import type { Authorizer, Decision, ReadCache, User } from "../contracts.ts";
import { type Grant, type Grants, RoleIndex } from "./roles.ts";
import { type Attributes, type Rule, coversKind, coversName } from "./rules.ts";

/** Remembered answers of one user; an attacker who asks for ever new paths only empties it. */
const DECISIONS_PER_USER_MAX = 2048;

/** What is known about one verb on one kind in one place. `named`: depends on the object's name. */
type Known =
  | { readonly decision: Decision }
  | { readonly named: readonly Grant[]; readonly otherwise: Decision };

interface UserState {
  generation: number;
  readonly grants: Map<string, Grants>;
  readonly known: Map<string, Known>;
}

/**
 * Role-based access. Answers from memory: the first question of its kind walks the user's rules, later ones are a
 * map lookup, until a role or a binding changes.
 */
export class RbacAuthorizer implements Authorizer {
  readonly index: RoleIndex;
  // Authenticators give the same User for the same credentials, so what is known dies with the connection.
  readonly #users = new WeakMap<User, UserState>();

  constructor(cache: ReadCache) {
    this.index = new RoleIndex(cache);
  }

  authorize(user: User, request: Attributes): Decision {
    const state = this.#stateOf(user);
    const key = keyOf(request);
    let known = state.known.get(key);
    if (!known) {
      known = this.#decide(user, state, request);
      if (state.known.size >= DECISIONS_PER_USER_MAX) state.known.clear();
      state.known.set(key, known);
    }
    if ("decision" in known) return known.decision;
    const grant = known.named.find(({ rule }) => coversName(rule, request.name));
    return grant ? allowedBy(grant, user) : known.otherwise;
  }

  /** Every rule the user has in this namespace, cluster-wide ones included. */
  rulesOf(
    user: User,
    namespace: string,
  ): { readonly rules: readonly Rule[]; readonly missing: readonly string[] } {
    const state = this.#stateOf(user);
    const scopes = namespace === "" ? [""] : ["", namespace];
    const parts = scopes.map((scope) => this.#grantsOf(user, state, scope));
    return {
      rules: parts.flatMap(({ grants }) => grants.map(({ rule }) => rule)),
      missing: parts.flatMap(({ missing }) => missing),
    };
  }

  close(): void {
    this.index.close();
  }

  #stateOf(user: User): UserState {
    const state = this.#users.get(user);
    const { generation } = this.index;
    if (state?.generation === generation) return state;
    const fresh: UserState = { generation, grants: new Map(), known: new Map() };
    this.#users.set(user, fresh);
    return fresh;
  }

  #grantsOf(user: User, state: UserState, namespace: string): Grants {
    let grants = state.grants.get(namespace);
    if (!grants) {
      if (state.grants.size >= DECISIONS_PER_USER_MAX) state.grants.clear();
      state.grants.set(namespace, (grants = this.index.grants(user, namespace)));
    }
    return grants;
  }

  #decide(user: User, state: UserState, request: Attributes): Known {
    const named: Grant[] = [];
    const missing: string[] = [];
    const scopes = request.isResource && request.namespace !== "" ? ["", request.namespace] : [""];
    for (const scope of scopes) {
      const found = this.#grantsOf(user, state, scope);
      missing.push(...found.missing);
      for (const grant of found.grants) {
        if (!coversKind(grant.rule, request)) continue;
        if (!request.isResource || !grant.rule.resourceNames?.length) {
          return { decision: allowedBy(grant, user) };
        }
        named.push(grant);
      }
    }
    const otherwise: Decision = { verdict: "no-opinion", reason: missingReason(missing) };
    return named.length === 0 ? { decision: otherwise } : { named, otherwise };
  }
}

/** Holds everything but the object's name. Reviews ask about any texts: a path must not read like a resource. */
function keyOf(request: Attributes): string {
  if (!request.isResource) return `path ${request.verb} ${request.path}`;
  const { verb, group, resource, subresource, namespace } = request;
  return `resource ${verb} ${namespace}|${group}|${resource}|${subresource}`;
}

function missingReason(missing: readonly string[]): string {
  if (missing.length === 0) return "";
  const texts = [...new Set(missing)];
  return `RBAC: ${texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`}`;
}

function allowedBy({ binding, role, subject }: Grant, user: User): Decision {
  assert(user.name !== undefined, "a user has a name");
  const { name, namespace } = binding.metadata;
  const place = namespace === undefined ? `"${name}"` : `"${name}/${namespace}"`;
  const whom =
    subject.kind === "ServiceAccount"
      ? `ServiceAccount "${subject.name}/${subject.namespace ?? namespace ?? ""}"`
      : `${subject.kind} "${subject.name}"`;
  return { verdict: "allow", reason: `RBAC: allowed by ${binding.kind} ${place} of ${role} to ${whom}` };
}
