import { createHash } from "node:crypto";
import { Counter, Gauge, type Registry } from "prom-client";

/** How often a configuration file was read anew, and how that went. */
export class ReloadMetrics {
  readonly #reloads: Counter<"status">;
  readonly #times: Gauge<"status">;
  readonly #info: Gauge<"hash">;
  #hash = "";

  constructor(what: "authentication" | "authorization", registry: Registry) {
    const prefix = `apiserver_${what}_config_controller`;
    const registers = [registry];
    this.#reloads = new Counter({
      name: `${prefix}_automatic_reloads_total`,
      help: "Times the configuration file was read anew, by whether it could be used.",
      labelNames: ["status"],
      registers,
    });
    this.#times = new Gauge({
      name: `${prefix}_automatic_reload_last_timestamp_seconds`,
      help: "When the configuration file was read last, by whether it could be used.",
      labelNames: ["status"],
      registers,
    });
    this.#info = new Gauge({
      name: `${prefix}_last_config_info`,
      help: "The configuration in use, by its hash.",
      labelNames: ["hash"],
      registers,
    });
  }

  /** `nowMs`: epoch milliseconds. */
  reloaded(status: "success" | "failure", nowMs: number): void {
    this.#reloads.inc({ status });
    this.#times.set({ status }, nowMs / 1000);
  }

  using(text: string): void {
    this.#info.remove({ hash: this.#hash });
    this.#hash = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    this.#info.set({ hash: this.#hash }, 1);
  }
}
