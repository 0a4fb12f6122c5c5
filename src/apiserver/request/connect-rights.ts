/** Who may take a connection over to a pod, a service or a node. */
import type { AuditTrail } from "../audit/audit-log.ts";
import { denied } from "../authorization/denial.ts";
import type { Authorizer, RequestInfo, User } from "../contracts.ts";
import type { FeatureGates } from "../gates.ts";
import { notAllowed } from "./dispatch.ts";

/** Those of a pod; what is proxied takes every verb. */
const CONNECT_VERBS: Readonly<Partial<Record<string, readonly string[]>>> = {
  log: ["get"],
  exec: ["create", "get"],
  attach: ["create", "get"],
  portforward: ["create", "get"],
};

/** Throws Forbidden or MethodNotAllowed. WebSockets begin with GET, yet whoever may only read must not run commands: that takes the right to create. */
export async function mayConnect(
  info: RequestInfo,
  user: User,
  trail: AuditTrail | undefined,
  { authorizer, gates }: { readonly authorizer: Authorizer; readonly gates: FeatureGates },
): Promise<void> {
  const verbs = CONNECT_VERBS[info.subresource];
  // The paths of old watches are no way around the verb.
  if (info.verb === "watch" || (verbs && !verbs.includes(info.verb))) notAllowed();
  if (info.verb !== "get" || !verbs?.includes("create")) return;
  if (!gates.enabled("AuthorizePodWebsocketUpgradeCreatePermission")) return;
  const creating = { ...info, verb: "create" };
  const decision = await authorizer.authorize(user, creating);
  const { verdict, reason } = decision;
  if (verdict === "allow") return;
  trail?.annotate("authorization.k8s.io/decision", "forbid");
  trail?.annotate("authorization.k8s.io/reason", reason);
  throw denied(user, creating, decision);
}
