import { forbidden } from "#machinery/status";
import type { Authorizer } from "../../contracts.ts";
import { Access } from "../expressions/access.ts";
import { Activation } from "../expressions/activation.ts";
import { met } from "../expressions/conditions.ts";
import type { Seen } from "../matching/seen.ts";
import type { Hook } from "./hook.ts";

/** Is the webhook to be asked? Throws Forbidden where nobody can tell and the webhook fails closed. */
export async function conditionsHold(hook: Hook, seen: Seen, authorizer: Authorizer): Promise<boolean> {
  const { resource, name, user } = seen.admission;
  const held = await met(hook.conditions, new Activation({ seen, access: new Access(authorizer, user) }));
  if (typeof held === "boolean") return held;
  if (hook.failsOpen) return false;
  throw forbidden({ group: resource.group, plural: resource.plural }, name, held);
}
