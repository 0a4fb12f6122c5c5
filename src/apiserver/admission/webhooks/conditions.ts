import { forbidden } from "#machinery/status";
import type { Authorizer } from "../../contracts.ts";
import { Access } from "../expressions/access.ts";
import { Activation } from "../expressions/activation.ts";
import { type ConditionOptions, met } from "../expressions/conditions.ts";
import type { Seen } from "../matching/seen.ts";
import type { Hook } from "./hook.ts";

export interface HookConditionOptions extends ConditionOptions {
  readonly authorizer: Authorizer;
  /** What the webhook may do. */
  readonly type: "admit" | "validate";
}

/** Is the webhook to be asked? Throws Forbidden where nobody can tell and the webhook fails closed. */
export async function conditionsHold(
  hook: Hook,
  seen: Seen,
  { type, authorizer, ...options }: HookConditionOptions,
): Promise<boolean> {
  const { resource, name, user } = seen.admission;
  const owner = { name: hook.name, kind: "webhook", type } as const;
  const activation = new Activation({ seen, access: new Access(authorizer, user) });
  const held = await met({ owner, conditions: hook.conditions }, activation, options);
  if (typeof held === "boolean") return held;
  if (hook.failsOpen) return false;
  throw forbidden({ group: resource.group, plural: resource.plural }, name, held);
}
