import { createHash } from "node:crypto";
import type { JSONWebKeySet } from "jose";
import { Gauge, Histogram, type Registry } from "prom-client";
import { ownIdentityHash } from "../../identity.ts";

const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

const hashOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** How tokens of issuers fare. Issuers are said by a hash: their URLs may tell more than metrics should. */
export class JwtMetrics {
  readonly #durations: Histogram<"result" | "jwt_issuer_hash">;
  readonly #fetches: Gauge<"result" | "jwt_issuer_hash" | "apiserver_id_hash">;
  readonly #keySets: Gauge<"jwt_issuer_hash" | "hash" | "apiserver_id_hash">;
  readonly #server = { apiserver_id_hash: ownIdentityHash() };

  constructor(registry: Registry) {
    const registers = [registry];
    this.#durations = new Histogram({
      name: "apiserver_authentication_jwt_authenticator_latency_seconds",
      help: "Seconds until a token of an issuer was judged.",
      labelNames: ["result", "jwt_issuer_hash"],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.#fetches = new Gauge({
      name: "apiserver_authentication_jwt_authenticator_jwks_fetch_last_timestamp_seconds",
      help: "When the keys of an issuer were asked for last, by how that went.",
      labelNames: ["result", "jwt_issuer_hash", "apiserver_id_hash"],
      registers,
    });
    this.#keySets = new Gauge({
      name: "apiserver_authentication_jwt_authenticator_jwks_fetch_last_key_set_info",
      help: "The key set that an issuer gave last, by its hash.",
      labelNames: ["jwt_issuer_hash", "hash", "apiserver_id_hash"],
      registers,
    });
  }

  judged(issuer: string, result: "success" | "failure", tookMs: number): void {
    this.#durations.observe({ result, jwt_issuer_hash: hashOf(issuer) }, tookMs / 1000);
  }

  /** `nowMs`: epoch milliseconds. */
  fetched(issuer: string, document: JSONWebKeySet | undefined, nowMs: number): void {
    const labels = { jwt_issuer_hash: hashOf(issuer), ...this.#server };
    this.#fetches.set({ ...labels, result: document ? "success" : "failure" }, nowMs / 1000);
    if (!document) return;
    this.#keySets.remove({ ...labels, hash: this.#last.get(issuer) ?? "" });
    const hash = hashOf(JSON.stringify(document));
    this.#last.set(issuer, hash);
    this.#keySets.set({ ...labels, hash }, 1);
  }

  readonly #last = new Map<string, string>();
}
