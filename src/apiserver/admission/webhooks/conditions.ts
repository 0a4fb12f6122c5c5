/** Conditions that a write must meet for a webhook to be asked about it. */
import { REQUEST_DECLARATION } from "#api/admissionregistration-v1/expressions";
import { readAny } from "#machinery/cel/json-values";
import {
  type AccessCheck,
  type AccessDecision,
  authorizerValue,
  requestResourceValue,
} from "#machinery/cel/library/authorizer";
import { PER_CALL_LIMIT, type Evaluation, type Program, type Variables } from "#machinery/cel/program";
import { isError } from "#machinery/cel/values";
import { forbidden } from "#machinery/status";
import type { Authorizer, Decision, RequestInfo, User } from "../../contracts.ts";
import type { Hook } from "./hook.ts";
import { requestOf, type Seen } from "./review.ts";

/** All conditions of one webhook may cost this much for one request, in cost units. */
const BUDGET = 2_500_000;
const NO_BUDGET =
  "validation failed due to running out of cost budget, no further validation rules will be run";

/** One that is false decides, whatever becomes of the others. Throws Forbidden where the webhook fails closed. */
export async function conditionsHold(hook: Hook, seen: Seen, authorizer: Authorizer): Promise<boolean> {
  const { admission } = seen;
  const access = new Access(authorizer, admission.user);
  const variables = variablesOf(seen, access);
  const failures: string[] = [];
  let left = BUDGET;
  for (const { expression, rule } of hook.conditions) {
    if ("error" in rule) {
      failures.push(rule.error);
      continue;
    }
    const { value, cost, exceeded } = await evaluated(rule.program, variables, access, left);
    left -= cost;
    if (value === false) return false;
    if (exceeded && left <= 0) {
      failures.push(NO_BUDGET);
      break;
    }
    if (isError(value)) failures.push(`expression '${expression}' resulted in error: ${value.message}`);
  }
  if (failures.length === 0) return true;
  if (hook.failsOpen) return false;
  const { group, plural } = admission.resource;
  throw forbidden(
    { group, plural },
    admission.name,
    failures.length === 1 ? failures[0]! : `[${failures.join(", ")}]`,
  );
}

function variablesOf(seen: Seen, access: Access): Variables {
  const { admission } = seen;
  const { resource, subresource, namespace, name } = admission;
  const asked = { group: resource.group, resource: resource.plural, subresource, namespace, name };
  return (variable) => {
    switch (variable) {
      case "object":
        return readAny(seen.object ?? null);
      case "oldObject":
        return readAny(seen.old ?? null);
      case "request":
        return REQUEST_DECLARATION.read(requestOf(seen));
      case "authorizer":
        return authorizerValue(access.decide);
      case "authorizer.requestResource":
        return requestResourceValue(access.decide, asked);
      default:
        return undefined;
    }
  };
}

/** Where the authorizer takes its time, the evaluation starts anew with its answer. */
async function evaluated(
  program: Program,
  variables: Variables,
  access: Access,
  left: number,
): Promise<Evaluation> {
  for (;;) {
    try {
      return program.evaluate(variables, Math.min(left, PER_CALL_LIMIT));
    } catch (error) {
      if (!(error instanceof AnswerPending)) throw error;
      await access.settle(error);
    }
  }
}

class AnswerPending extends Error {
  readonly key: string;
  readonly answer: Promise<Decision>;

  constructor(key: string, answer: Promise<Decision>) {
    super("the authorizer has not answered yet");
    this.key = key;
    this.answer = answer;
  }
}

/** What expressions ask the authorizer during one request. */
class Access {
  readonly #authorizer: Authorizer;
  readonly #user: User;
  readonly #answers = new Map<string, AccessDecision>();

  constructor(authorizer: Authorizer, user: User) {
    this.#authorizer = authorizer;
    this.#user = user;
  }

  readonly decide = (check: AccessCheck): AccessDecision => {
    const key = JSON.stringify(check);
    const known = this.#answers.get(key);
    if (known) return known;
    const decision = this.#authorizer.authorize(userOf(check, this.#user), infoOf(check));
    if (decision instanceof Promise) throw new AnswerPending(key, decision);
    return this.#keep(key, decision);
  };

  async settle({ key, answer }: AnswerPending): Promise<void> {
    this.#keep(key, await answer);
  }

  #keep(key: string, { verdict, reason }: Decision): AccessDecision {
    const answer = { allowed: verdict === "allow", reason, error: "" };
    this.#answers.set(key, answer);
    return answer;
  }
}

function userOf({ serviceAccount }: AccessCheck, user: User): User {
  if (serviceAccount === "") return user;
  const [namespace = "", name = ""] = serviceAccount.split("/");
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  return { name: `system:serviceaccount:${namespace}:${name}`, groups };
}

function infoOf(check: AccessCheck): RequestInfo {
  const { path, group, resource, subresource, namespace, name, verb, fieldSelector, labelSelector } = check;
  const query = new URLSearchParams({
    ...(fieldSelector === "" ? {} : { fieldSelector }),
    ...(labelSelector === "" ? {} : { labelSelector }),
  });
  const isResource = path === "";
  return { isResource, path, verb, group, version: "*", resource, subresource, namespace, name, query };
}
