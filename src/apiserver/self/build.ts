/** Which server this is, and which of its features are on. */
import type { Registry } from "prom-client";
import { GATES } from "../gate-table.ts";
import type { FeatureGates } from "../gates.ts";
import { register, type Sample } from "../instruments/instrument.ts";
import { versionInfo } from "../version.ts";

export function showBuild(registry: Registry): void {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } =
    versionInfo;
  const labels = {
    major,
    minor,
    git_version: gitVersion,
    git_commit: gitCommit,
    git_tree_state: gitTreeState,
    build_date: buildDate,
    go_version: goVersion,
    compiler,
    platform,
  };
  register(registry, {
    name: "kubernetes_build_info",
    help: "Always 1; its labels say which release this is.",
    type: "gauge",
    samples: () => [{ labels, value: 1 }],
  });
}

export function showGates(registry: Registry, gates: FeatureGates): void {
  register(registry, {
    name: "kubernetes_feature_enabled",
    help: "1 for features that are on, 0 for others.",
    type: "gauge",
    *samples(): Generator<Sample> {
      for (const [name, on] of gates) yield { labels: { name, stage: stageOf(name) }, value: on ? 1 : 0 };
    },
  });
}

/** What is there to stay has no stage. */
function stageOf(gate: string): string {
  const stage = GATES.get(gate)?.[1];
  return stage === undefined || stage === "GA" ? "" : stage.toUpperCase();
}
