import { Counter, Gauge, Histogram, type Metric, type Registry } from "prom-client";

const SECONDS = [
  0.000_005, 0.000_01, 0.000_02, 0.000_04, 0.000_08, 0.000_16, 0.000_32, 0.000_64, 0.001_28, 0.01, 0.1, 1,
];
const KMS_SECONDS = [0.000_1, 0.000_4, 0.001_6, 0.006_4, 0.025_6, 0.102_4, 0.409_6, 1.638_4, 6.553_6];

type Direction = "to_storage" | "from_storage";

/** Counts of what is encrypted and decrypted, under the names that operators of Kubernetes know. */
export class EncryptionMetrics {
  readonly #operations = new Counter({
    name: "apiserver_storage_transformation_operations_total",
    help: "Values brought into or out of their stored form, by provider and outcome.",
    labelNames: ["resource", "status", "transformation_type", "transformer_prefix"] as const,
    registers: [],
  });
  readonly #durations = new Histogram({
    name: "apiserver_storage_transformation_duration_seconds",
    help: "Seconds that values took into or out of their stored form.",
    labelNames: ["resource", "transformation_type", "transformer_prefix"] as const,
    buckets: SECONDS,
    registers: [],
  });
  readonly #keys = new Counter({
    name: "apiserver_envelope_encryption_key_id_hash_total",
    help: "Uses of the keys of KMS plugins.",
    labelNames: ["transformation_type", "provider_name", "key_id_hash"] as const,
    registers: [],
  });
  readonly #generated = new Counter({
    name: "apiserver_storage_data_key_generation_total",
    help: "Data keys made for KMS plugins to wrap.",
    registers: [],
  });
  readonly #kms = new Histogram({
    name: "apiserver_envelope_encryption_kms_operations_latency_seconds",
    help: "Seconds until a KMS plugin answered.",
    labelNames: ["provider_name", "method_name", "grpc_status_code"] as const,
    buckets: KMS_SECONDS,
    registers: [],
  });
  readonly #reloads = new Counter({
    name: "apiserver_encryption_config_controller_automatic_reloads_total",
    help: "Times that a changed configuration file was taken in, or refused.",
    labelNames: ["status"] as const,
    registers: [],
  });
  readonly #reloadedAt = new Gauge({
    name: "apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds",
    help: "When the configuration file was last taken in, or refused.",
    labelNames: ["status"] as const,
    registers: [],
  });
  readonly #configured = new Gauge({
    name: "apiserver_encryption_config_controller_last_config_info",
    help: "The hash of the configuration file that is in use.",
    labelNames: ["hash"] as const,
    registers: [],
  });

  register(registry: Registry): void {
    // The labels of each are its own; the registry's type knows one set.
    for (const metric of [
      this.#operations,
      this.#durations,
      this.#keys,
      this.#generated,
      this.#kms,
      this.#reloads,
      this.#reloadedAt,
      this.#configured,
    ]) {
      registry.registerMetric<string>(metric as Metric);
    }
  }

  transformed(
    direction: Direction,
    resource: string,
    prefix: string,
    succeeded: boolean,
    tookMs: number,
  ): void {
    const labels = { resource, transformation_type: direction, transformer_prefix: prefix };
    this.#operations.inc({ ...labels, status: succeeded ? "OK" : "Unknown" });
    if (succeeded) this.#durations.observe(labels, tookMs / 1000);
  }

  keyUsed(direction: Direction, provider: string, keyIdHash: string): void {
    this.#keys.inc({ transformation_type: direction, provider_name: provider, key_id_hash: keyIdHash });
  }

  keyGenerated(): void {
    this.#generated.inc();
  }

  kmsCalled(provider: string, method: string, code: string, tookMs: number): void {
    const labels = { provider_name: provider, method_name: method, grpc_status_code: code };
    this.#kms.observe(labels, tookMs / 1000);
  }

  configured(hash: string): void {
    this.#configured.reset();
    this.#configured.set({ hash }, 1);
  }

  reloaded(succeeded: boolean, nowMs: number): void {
    const status = succeeded ? "success" : "failure";
    this.#reloads.inc({ status });
    this.#reloadedAt.set({ status }, nowMs / 1000);
  }
}
