import { createHash } from "node:crypto";
import { Counter, Gauge, type Registry } from "prom-client";
import { ownIdentityHash } from "../identity.ts";

/** How often a configuration file was read anew, and how that went. */
export class ReloadMetrics {
  readonly #reloads: Counter<"status" | "apiserver_id_hash">;
  readonly #times: Gauge<"status" | "apiserver_id_hash">;
  readonly #info: Gauge<"hash" | "apiserver_id_hash">;
  readonly #server = { apiserver_id_hash: ownIdentityHash() };
  #hash = "";

  constructor(what: "authentication" | "authorization", registry: Registry) {
    const prefix = `apiserver_${what}_config_controller`;
    const registers = [registry];
    this.#reloads = new Counter({
      name: `${prefix}_automatic_reloads_total`,
      help: "Times the configuration file was read anew, by whether it could be used.",
      labelNames: ["status", "apiserver_id_hash"],
      registers,
    });
    this.#times = new Gauge({
      name: `${prefix}_automatic_reload_last_timestamp_seconds`,
      help: "When the configuration file was read last, by whether it could be used.",
      labelNames: ["status", "apiserver_id_hash"],
      registers,
    });
    this.#info = new Gauge({
      name: `${prefix}_last_config_info`,
      help: "The configuration in use, by its hash.",
      labelNames: ["hash", "apiserver_id_hash"],
      registers,
    });
  }

  /** `nowMs`: epoch milliseconds. */
  reloaded(status: "success" | "failure", nowMs: number): void {
    const labels = { status, ...this.#server };
    this.#reloads.inc(labels);
    this.#times.set(labels, nowMs / 1000);
  }

  using(text: string): void {
    this.#info.remove({ hash: this.#hash, ...this.#server });
    this.#hash = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    this.#info.set({ hash: this.#hash, ...this.#server }, 1);
  }
}
