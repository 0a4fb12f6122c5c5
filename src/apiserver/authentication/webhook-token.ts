import { createHash } from "node:crypto";
import type { TokenReview } from "#api/authentication-v1/tokenreview";
import { TokenReview as TokenReviewKind } from "#api/authentication-v1/tokenreview";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { DecodeError, decodeJson } from "#machinery/derive/json";
import type { ReviewClient } from "../webhook-client/review-client.ts";
import { BadToken } from "./bad-token.ts";
import type { TokenAuthenticator, TokenHolder } from "./bearer-token.ts";
import { BoundedMap } from "./bounded-map.ts";
import { withAuthenticated } from "./users.ts";

const log = logger("apiserver.authentication");

/** Answers that are remembered. */
const ANSWERS_MAX = 4096;

export type TokenReviewVersion = "v1" | "v1beta1";

export interface WebhookTokenOptions {
  readonly client: ReviewClient;
  readonly version: TokenReviewVersion;
  /** Names of this server, for tokens that are to be for nobody else. */
  readonly audiences: readonly string[];
  /** How long answers hold, yes and no alike; failures to ask are never remembered. */
  readonly cacheMs: number;
  readonly clock: Clock;
}

interface Answer {
  readonly untilMs: number;
  /** A refusal is remembered as its text. */
  readonly result: TokenHolder | BadToken | undefined;
}

/** Tokens that a webhook knows. */
export class WebhookTokenAuthenticator implements TokenAuthenticator {
  readonly #options: WebhookTokenOptions;
  readonly #answers = new BoundedMap<string, Answer>(ANSWERS_MAX);
  readonly #asking = new Map<string, Promise<Answer>>();

  constructor(options: WebhookTokenOptions) {
    this.#options = options;
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[] = this.#options.audiences,
  ): Promise<TokenHolder | undefined> {
    const key = keyOf(token, audiences);
    const known = this.#answers.get(key);
    const { result } =
      known && this.#options.clock.monotonic() < known.untilMs
        ? known
        : await this.#once(key, token, audiences);
    if (result instanceof BadToken) throw result;
    return result;
  }

  /** Many requests with one token ask once. */
  #once(key: string, token: string, audiences: readonly string[]): Promise<Answer> {
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(key, token, audiences).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #ask(key: string, token: string, audiences: readonly string[]): Promise<Answer> {
    const { client, version, cacheMs, clock, audiences: own } = this.#options;
    const spec = { token, ...(audiences.length === 0 ? {} : { audiences }) };
    const asked = { kind: "TokenReview", apiVersion: `authentication.k8s.io/${version}`, spec };
    try {
      const { status } = reviewOf(await client.ask(asked));
      const result = resultOf(status, audiences, own);
      const answer = { result, untilMs: clock.monotonic() + cacheMs };
      this.#answers.set(key, answer);
      return answer;
    } catch (cause) {
      log.error("the authentication webhook could not be asked", { error: cause });
      throw new BadToken((cause as Error).message, { cause });
    }
  }
}

/** As short for long tokens as for others: anybody may send some, and answers are remembered. */
const keyOf = (token: string, audiences: readonly string[]): string =>
  createHash("sha256")
    .update(JSON.stringify([token, ...audiences]))
    .digest("base64");

function reviewOf(answer: Readonly<Record<string, unknown>>): TokenReview {
  try {
    return decodeJson<TokenReview>(TokenReviewKind.schema, answer);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new BadToken(`the webhook's answer is no TokenReview: ${cause.message}`, { cause });
  }
}

function resultOf(
  { authenticated, user, audiences, error }: TokenReview["status"],
  wanted: readonly string[],
  own: readonly string[],
): TokenHolder | BadToken | undefined {
  if (!authenticated) return error ? new BadToken(error) : undefined;
  // A webhook that says nothing about audiences does not know them: its tokens are for this server, and nobody else.
  const given = audiences?.length ? audiences : own;
  const meant = wanted.filter((audience) => given.includes(audience));
  if (wanted.length > 0 && meant.length === 0) return undefined;
  const { username = "", uid, groups = [], extra } = user;
  // Nobody else can be told apart from who has no name; extension servers would take them for their front proxy.
  if (username === "") return new BadToken("the webhook names no user");
  const found = withAuthenticated({
    name: username,
    groups,
    ...(uid ? { uid } : {}),
    ...(extra ? { extra: extra as Readonly<Record<string, readonly string[]>> } : {}),
  });
  return { user: found, audiences: meant };
}
