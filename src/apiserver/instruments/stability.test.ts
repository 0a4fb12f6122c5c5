import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { register } from "./instrument.ts";
import { showRegistered, textOf } from "./stability.ts";

test("the help of each metric says how stable it is, and they are counted by that", async () => {
  const registry = new Registry();
  const show = (name: string) =>
    register(registry, {
      name,
      help: "Something.",
      type: "gauge",
      samples: () => [{ labels: {}, value: 1 }],
    });
  for (const name of ["apiserver_request_total", "kubernetes_feature_enabled", "fish", "process_fish"])
    show(name);
  showRegistered(registry);
  const lines = (await textOf(registry)).split("\n").filter((line) => !line.startsWith("# TYPE"));
  assert.deepEqual(lines, [
    "# HELP apiserver_request_total [STABLE] Something.",
    "apiserver_request_total 1",
    "",
    "# HELP kubernetes_feature_enabled [BETA] Something.",
    "kubernetes_feature_enabled 1",
    "",
    "# HELP fish [ALPHA] Something.",
    "fish 1",
    "",
    "# HELP process_fish Something.",
    "process_fish 1",
    "",
    "# HELP registered_metrics_total [BETA] Metrics that are shown, by how stable they are.",
    'registered_metrics_total{deprecated_version="",stability_level="STABLE"} 1',
    'registered_metrics_total{deprecated_version="",stability_level="BETA"} 2',
    'registered_metrics_total{deprecated_version="",stability_level="ALPHA"} 1',
    "",
  ]);
});
