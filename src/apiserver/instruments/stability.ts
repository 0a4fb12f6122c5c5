/** How far readers may rely on metrics, as the help of each says first. As of v1.35. */
import type { Registry } from "prom-client";
import { register, type Sample } from "./instrument.ts";

type Stability = "STABLE" | "BETA" | "ALPHA";

const STABLE: ReadonlySet<string> = new Set([
  "apiserver_admission_controller_admission_duration_seconds",
  "apiserver_admission_step_admission_duration_seconds",
  "apiserver_admission_webhook_admission_duration_seconds",
  "apiserver_current_inflight_requests",
  "apiserver_longrunning_requests",
  "apiserver_request_duration_seconds",
  "apiserver_request_total",
  "apiserver_requested_deprecated_apis",
  "apiserver_response_sizes",
  "apiserver_storage_objects",
  "apiserver_storage_size_bytes",
  "cronjob_controller_job_creation_skew_duration_seconds",
  "job_controller_job_pods_finished_total",
  "job_controller_job_sync_duration_seconds",
  "job_controller_job_syncs_total",
  "job_controller_jobs_finished_total",
  "kube_pod_resource_limit",
  "kube_pod_resource_request",
  "kubernetes_healthcheck",
  "kubernetes_healthchecks_total",
  "node_collector_evictions_total",
  "scheduler_framework_extension_point_duration_seconds",
  "scheduler_pending_pods",
  "scheduler_pod_scheduling_attempts",
  "scheduler_preemption_attempts_total",
  "scheduler_preemption_victims",
  "scheduler_queue_incoming_pods_total",
  "scheduler_schedule_attempts_total",
  "scheduler_scheduling_attempt_duration_seconds",
]);

const BETA: ReadonlySet<string> = new Set([
  "apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds",
  "apiserver_authentication_config_controller_automatic_reloads_total",
  "apiserver_authorization_config_controller_automatic_reload_last_timestamp_seconds",
  "apiserver_authorization_config_controller_automatic_reloads_total",
  "apiserver_cel_compilation_duration_seconds",
  "apiserver_cel_evaluation_duration_seconds",
  "apiserver_flowcontrol_current_executing_requests",
  "apiserver_flowcontrol_current_executing_seats",
  "apiserver_flowcontrol_current_inqueue_requests",
  "apiserver_flowcontrol_dispatched_requests_total",
  "apiserver_flowcontrol_nominal_limit_seats",
  "apiserver_flowcontrol_rejected_requests_total",
  "apiserver_flowcontrol_request_wait_duration_seconds",
  "apiserver_validating_admission_policy_check_duration_seconds",
  "apiserver_validating_admission_policy_check_total",
  "kubernetes_feature_enabled",
  "registered_metrics_total",
  "scheduler_pod_scheduling_sli_duration_seconds",
]);

/** Those of every process, which nobody has promised anything about. */
const OF_PROCESSES = /^(process|nodejs)_/;

const stabilityOf = (name: string): Stability =>
  STABLE.has(name) ? "STABLE" : BETA.has(name) ? "BETA" : "ALPHA";

/** The registry's metrics as text, each with how stable it is. */
export async function textOf(registry: Registry): Promise<string> {
  const text = await registry.metrics();
  return text.replaceAll(/^# HELP (\S+) /gm, (line, name: string) =>
    OF_PROCESSES.test(name) ? line : `${line}[${stabilityOf(name)}] `,
  );
}

/** Shows how many metrics there are, by how stable they are. */
export function showRegistered(registry: Registry): void {
  register(registry, {
    name: "registered_metrics_total",
    help: "Metrics that are shown, by how stable they are.",
    type: "counter",
    *samples(): Generator<Sample> {
      const counts = new Map<Stability, number>();
      for (const { name } of registry.getMetricsAsArray()) {
        if (OF_PROCESSES.test(name)) continue;
        const stability = stabilityOf(name);
        counts.set(stability, (counts.get(stability) ?? 0) + 1);
      }
      for (const [stability, value] of counts)
        yield { labels: { deprecated_version: "", stability_level: stability }, value };
    },
  });
}
