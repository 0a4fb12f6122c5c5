import { type Json } from "../objects.ts";
import { containerSection } from "./containers.ts";
import { Lines, pairs } from "./lines.ts";
import { volumeSection } from "./volumes.ts";
import type { PodSpec } from "#api/core-v1/podspec";

interface Template {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: PodSpec;
}

/** The pod template of a workload. */
export function podTemplateSection(lines: Lines, template: Template): void {
  lines.section("Pod Template:", (inner) => {
    const { metadata = {}, spec } = template;
    inner.field("Labels", pairs(metadata.labels));
    if (metadata.annotations) inner.field("Annotations", pairs(metadata.annotations, ": "));
    if (!spec) return;
    inner.field("Service Account", spec.serviceAccountName || undefined);
    if (spec.initContainers && spec.initContainers.length > 0)
      containerSection(inner, "Init Containers:", spec.initContainers, []);
    containerSection(inner, "Containers:", spec.containers, []);
    volumeSection(inner, spec.volumes ?? []);
    inner.field("Node-Selectors", pairs(spec.nodeSelector));
  });
}

export function podTemplateLines(template: Json): string {
  const lines = new Lines();
  podTemplateSection(lines, template as Template);
  return lines.toString();
}
