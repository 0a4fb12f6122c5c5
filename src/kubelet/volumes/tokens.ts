import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { Pod } from "#api/core-v1/pod";
import type { Clock } from "#base/clock";
import type { Client, Token } from "#client/client";
import { parseTime } from "#machinery/time";

/** A token is replaced when this part of its life has passed, or after a day. */
const REFRESH_SHARE = 0.8;
/** After a failure, while the token at hand still serves. */
const RETRY_MS = 30_000;
const REFRESH_AFTER_MAX_MS = 24 * 60 * 60 * 1000;

interface Held {
  readonly token: string;
  readonly refreshAtMs: number;
}

/** The tokens of one pod's service account, bound to the pod. */
export class PodTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #pod: Pod;
  readonly #held = new Map<string, Held>();

  constructor(client: Client, clock: Clock, pod: Pod) {
    this.#client = client;
    this.#clock = clock;
    this.#pod = pod;
  }

  /** When the first of them is to be replaced; epoch milliseconds. */
  get refreshAtMs(): number | undefined {
    const times = [...this.#held.values()].map((held) => held.refreshAtMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** An old token is better than none while the API server cannot be reached. */
  async get({
    audience,
    expirationSeconds,
  }: {
    audience?: string;
    expirationSeconds?: number;
  }): Promise<string> {
    const key = `${audience ?? ""}/${expirationSeconds ?? ""}`;
    const held = this.#held.get(key);
    const nowMs = this.#clock.now();
    if (held && nowMs < held.refreshAtMs) return held.token;
    const issued = await this.#issue(audience, expirationSeconds).catch((error: unknown) => {
      if (!held) throw error;
      this.#held.set(key, { ...held, refreshAtMs: nowMs + RETRY_MS });
    });
    if (!issued) return held!.token;
    const { token, expirationTimestamp } = issued;
    const lifeMs = Math.max(0, parseTime(expirationTimestamp) - nowMs);
    const refreshAtMs = nowMs + Math.min(lifeMs * REFRESH_SHARE, REFRESH_AFTER_MAX_MS);
    this.#held.set(key, { token, refreshAtMs });
    return token;
  }

  #issue(audience: string | undefined, expirationSeconds: number | undefined): Promise<Token> {
    const { metadata, spec } = this.#pod;
    const account = { namespace: metadata.namespace, name: spec.serviceAccountName || "default" };
    return this.#client.createToken(ServiceAccount, account, {
      audiences: audience ? [audience] : [],
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      boundObjectRef: { kind: "Pod", apiVersion: "v1", name: metadata.name, uid: metadata.uid },
    });
  }
}
