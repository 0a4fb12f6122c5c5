import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { Pod } from "#api/core-v1/pod";
import type { Clock } from "#base/clock";
import type { Client } from "#client/client";
import { parseTime } from "#machinery/time";

/** A token is replaced when this part of its life has passed, or after a day. */
const REFRESH_SHARE = 0.8;
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
    const { metadata, spec } = this.#pod;
    const account = { namespace: metadata.namespace, name: spec.serviceAccountName ?? "default" };
    const { token, expirationTimestamp } = await this.#client.createToken(ServiceAccount, account, {
      audiences: audience ? [audience] : [],
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      boundObjectRef: { kind: "Pod", apiVersion: "v1", name: metadata.name, uid: metadata.uid },
    });
    const lifeMs = Math.max(0, parseTime(expirationTimestamp) - nowMs);
    const refreshAtMs = nowMs + Math.min(lifeMs * REFRESH_SHARE, REFRESH_AFTER_MAX_MS);
    this.#held.set(key, { token, refreshAtMs });
    return token;
  }
}
