import type { SubjectAccessReview, SubjectAccessReviewSpec } from "#api/authorization-v1/subjectaccessreview";
import { SubjectAccessReview as SubjectAccessReviewKind } from "#api/authorization-v1/subjectaccessreview";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { DecodeError, decodeJson } from "#machinery/derive/json";
import { isError } from "#machinery/cel/values";
import { BoundedMap } from "../../authentication/bounded-map.ts";
import type { Authorizer, Decision, RequestInfo, User } from "../../contracts.ts";
import type { ReviewClient } from "../../webhook-client/review-client.ts";
import type { CompiledWebhook } from "../configuration/compile-authorization.ts";
import { readRequest } from "../configuration/match-conditions.ts";
import { selectorsOf } from "../selectors.ts";
import type { WebhookAuthorizerMetrics } from "./webhook-authorizer-metrics.ts";

const log = logger("apiserver.authorization");

/** Answers that are remembered. */
const ANSWERS_MAX = 8192;
/** Longer questions, whose length their askers choose, are not. */
const KEY_LENGTH_MAX = 10_000;

const NO_OPINION: Decision = { verdict: "no-opinion", reason: "" };

export interface WebhookAuthorizerOptions {
  readonly name: string;
  readonly webhook: CompiledWebhook;
  readonly client: ReviewClient;
  readonly metrics: WebhookAuthorizerMetrics;
  readonly clock: Clock;
}

interface Answer {
  readonly decision: Decision;
  readonly untilMs: number;
}

/** Asks a webhook, unless its conditions say that the request is none of its business. */
export class WebhookAuthorizer implements Authorizer {
  readonly #options: WebhookAuthorizerOptions;
  readonly #answers = new BoundedMap<string, Answer>(ANSWERS_MAX);
  readonly #asking = new Map<string, Promise<Decision>>();

  constructor(options: WebhookAuthorizerOptions) {
    this.#options = options;
  }

  authorize(user: User, request: RequestInfo): Decision | Promise<Decision> {
    const spec = questionOf(user, request);
    const concerned = this.#isConcerned(spec);
    if (concerned !== true) return concerned;
    const key = JSON.stringify(spec);
    const known = this.#answers.get(key);
    if (known && this.#options.clock.monotonic() < known.untilMs) return known.decision;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(key, spec).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  /** True, or the decision where the conditions have settled it. One that is false settles it whatever the others say. */
  #isConcerned(spec: SubjectAccessReviewSpec): true | Decision {
    const { name, webhook, metrics, clock } = this.#options;
    if (webhook.conditions.length === 0) return true;
    const startMs = clock.monotonic();
    const failures: string[] = [];
    let isExcluded = false;
    for (const { text, program } of webhook.conditions) {
      const { value } = program.evaluate(() => readRequest(spec));
      if (isError(value)) failures.push(`expression '${text}' resulted in error: ${value.message}`);
      else if (value === false) {
        isExcluded = true;
        break;
      }
    }
    metrics.conditionsEvaluated(name, clock.monotonic() - startMs, {
      isExcluded,
      failed: failures.length > 0,
    });
    if (isExcluded) return NO_OPINION;
    return failures.length === 0 ? true : this.#failed(failures.join(", "));
  }

  /** What the configuration makes of a webhook that has not answered. */
  #failed(error: string): Decision {
    const { name, webhook, metrics } = this.#options;
    log.error("an authorization webhook could not be asked", { name, error });
    if (webhook.onFailure === "no-opinion") metrics.failedOpen(name);
    return { verdict: webhook.onFailure, reason: "", error };
  }

  async #ask(key: string, spec: SubjectAccessReviewSpec): Promise<Decision> {
    const { name, webhook, client, metrics, clock } = this.#options;
    const startMs = clock.monotonic();
    const review = {
      kind: "SubjectAccessReview",
      apiVersion: `authorization.k8s.io/${webhook.version}`,
      spec: webhook.version === "v1" ? spec : withGroup(spec),
    };
    let status: SubjectAccessReview["status"];
    try {
      status = statusOf(await client.ask(review));
    } catch (error) {
      metrics.evaluated(name, "error", clock.monotonic() - startMs);
      return this.#failed((error as Error).message);
    }
    metrics.evaluated(name, "success", clock.monotonic() - startMs);
    const decision = decisionOf(status);
    const keepMs = decision.verdict === "allow" ? webhook.authorizedMs : webhook.unauthorizedMs;
    if (keepMs > 0 && key.length <= KEY_LENGTH_MAX && decision.error === undefined)
      this.#answers.set(key, { decision, untilMs: clock.monotonic() + keepMs });
    return decision;
  }
}

/** The first version of the review had `group` where later ones have `groups`. */
const withGroup = ({ groups, ...spec }: SubjectAccessReviewSpec): object => ({
  ...spec,
  ...(groups ? { group: groups } : {}),
});

function statusOf(answer: Readonly<Record<string, unknown>>): SubjectAccessReview["status"] {
  try {
    // What was asked is known; an old review spells parts of it in its own way.
    return decodeJson<SubjectAccessReview>(SubjectAccessReviewKind.schema, { ...answer, spec: {} }).status;
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new Error(`the answer is no SubjectAccessReview: ${cause.message}`, { cause });
  }
}

function decisionOf({
  allowed,
  denied,
  reason = "",
  evaluationError,
}: SubjectAccessReview["status"]): Decision {
  if (allowed && denied) {
    return {
      verdict: "deny",
      reason,
      error: "webhook subject access review returned both allow and deny response",
    };
  }
  const verdict = denied ? "deny" : allowed ? "allow" : "no-opinion";
  return { verdict, reason, ...(evaluationError && !allowed ? { error: evaluationError } : {}) };
}

/** The request as a question. Members that are empty are left out, as everywhere. */
function questionOf({ name, uid, groups, extra }: User, request: RequestInfo): SubjectAccessReviewSpec {
  const { isResource, path, verb, group, version, resource, subresource, namespace } = request;
  const who = {
    ...(name === "" ? {} : { user: name }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
    ...(uid ? { uid } : {}),
  };
  if (!isResource) return { nonResourceAttributes: { path, verb }, ...who };
  const texts = { namespace, verb, group, version, resource, subresource, name: request.name };
  const said = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ""));
  return { resourceAttributes: { ...said, ...selectorsOf(request) }, ...who };
}
