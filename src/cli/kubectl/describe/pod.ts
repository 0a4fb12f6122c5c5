import type { Pod } from "#api/core-v1/pod";
import { formatColumns } from "../../columns.ts";
import { containerSection } from "./containers.ts";
import { dateText, Lines, pairs } from "./lines.ts";
import { volumeSection } from "./volumes.ts";

export function describePod(pod: Pod): string {
  const { metadata, spec, status } = pod;
  const lines = new Lines()
    .field("Name", metadata.name)
    .field("Namespace", metadata.namespace)
    .field("Priority", spec.priority ?? 0)
    .field("Priority Class Name", spec.priorityClassName || undefined)
    .field("Runtime Class Name", spec.runtimeClassName || undefined)
    .field("Service Account", spec.serviceAccountName || undefined)
    .field("Node", spec.nodeName ? `${spec.nodeName}/${status.hostIP ?? ""}` : "<none>")
    .field("Start Time", dateText(status.startTime))
    .field("Labels", pairs(metadata.labels))
    .field("Annotations", pairs(metadata.annotations, ": "));
  if (metadata.deletionTimestamp) {
    lines.field("Status", `Terminating (since ${dateText(metadata.deletionTimestamp)})`);
    lines.field("Termination Grace Period", `${metadata.deletionGracePeriodSeconds ?? 0}s`);
  } else lines.field("Status", status.phase ?? "Unknown");
  lines
    .field("Reason", status.reason || undefined)
    .field("Message", status.message || undefined)
    .field("IP", status.podIP ?? "");
  lines.section("IPs:", (inner) => {
    const addresses = status.podIPs ?? [];
    if (addresses.length === 0) inner.text("<none>");
    for (const { ip } of addresses) inner.field("IP", ip);
  });
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  if (controller) lines.field("Controlled By", `${controller.kind}/${controller.name}`);
  const initial = spec.initContainers ?? [];
  if (initial.length > 0)
    containerSection(lines, "Init Containers:", initial, status.initContainerStatuses ?? []);
  containerSection(lines, "Containers:", spec.containers, status.containerStatuses ?? []);
  const conditions = status.conditions ?? [];
  if (conditions.length > 0) {
    const rows = conditions.map(({ type, status: is }) => [type, is]);
    lines.section("Conditions:", (inner) =>
      inner.text(formatColumns([["Type", "Status"], ...rows]).trimEnd()),
    );
  }
  volumeSection(lines, spec.volumes ?? []);
  return lines
    .field("QoS Class", status.qosClass || undefined)
    .field("Node-Selectors", pairs(spec.nodeSelector))
    .field("Tolerations", (spec.tolerations ?? []).map(tolerationText))
    .toString();
}

type Toleration = NonNullable<Pod["spec"]["tolerations"]>[number];

export function tolerationText({
  key = "",
  operator,
  value = "",
  effect,
  tolerationSeconds,
}: Toleration): string {
  const what = `${key}${value ? `=${value}` : ""}${effect ? `:${effect}` : ""}`;
  const exists = operator === "Exists" && !value ? " op=Exists" : "";
  return `${what}${exists}${tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`}`;
}
