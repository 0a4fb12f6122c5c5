/** The authorizer as expressions ask it. */
import type { AccessCheck, AccessDecision } from "#machinery/cel/library/authorizer";
import type { Authorizer, Decision, RequestInfo, User } from "../../contracts.ts";

/** Thrown into an evaluation, which starts anew with the answer. */
export class AnswerPending extends Error {
  readonly key: string;
  readonly answer: Promise<Decision>;

  constructor(key: string, answer: Promise<Decision>) {
    super("the authorizer has not answered yet");
    this.key = key;
    this.answer = answer;
  }
}

/** What expressions ask the authorizer during one request. */
export class Access {
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
