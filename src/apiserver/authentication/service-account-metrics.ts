import { Counter, type Registry } from "prom-client";

/** Which tokens of service accounts come: those of Secrets, and those that should have been read again, are on their way out. */
export class ServiceAccountMetrics {
  readonly #legacy: Counter;
  readonly #stale: Counter;
  readonly #valid: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#legacy = new Counter({
      name: "serviceaccount_legacy_tokens_total",
      help: "Uses of tokens that live in Secrets.",
      registers,
    });
    this.#stale = new Counter({
      name: "serviceaccount_stale_tokens_total",
      help: "Uses of tokens that should have been read again.",
      registers,
    });
    this.#valid = new Counter({
      name: "serviceaccount_valid_tokens_total",
      help: "Uses of tokens that are bound and fresh.",
      registers,
    });
  }

  legacy(): void {
    this.#legacy.inc();
  }

  bound(isStale: boolean): void {
    if (isStale) this.#stale.inc();
    else this.#valid.inc();
  }
}
