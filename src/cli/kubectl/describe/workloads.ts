import type { Deployment } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { formatColumns } from "../../columns.ts";
import type { Cluster } from "../cluster.ts";
import { selectorText } from "../objects.ts";
import { dateText, Lines, pairs } from "./lines.ts";
import { podTemplateSection } from "./pod-template.ts";

export async function describeDeployment(deployment: Deployment, cluster: Cluster): Promise<string> {
  const { metadata, spec, status } = deployment;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  const lines = new Lines()
    .field("Name", metadata.name)
    .field("Namespace", metadata.namespace)
    .field("CreationTimestamp", dateText(metadata.creationTimestamp))
    .field("Labels", pairs(metadata.labels))
    .field("Annotations", pairs(metadata.annotations, ": "))
    .field("Selector", selectorText(spec.selector))
    .field(
      "Replicas",
      `${spec.replicas} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
    )
    .field("StrategyType", spec.strategy?.type)
    .field("MinReadySeconds", spec.minReadySeconds ?? 0);
  const rolling = spec.strategy?.rollingUpdate;
  if (rolling)
    lines.field(
      "RollingUpdateStrategy",
      `${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`,
    );
  podTemplateSection(lines, spec.template);
  const conditions = status.conditions ?? [];
  if (conditions.length > 0) {
    const rows = conditions.map(({ type, status: is, reason = "" }) => [type, is, reason]);
    lines.section("Conditions:", (inner) =>
      inner.text(
        formatColumns([["Type", "Status", "Reason"], ["----", "------", "------"], ...rows], [], 2).trimEnd(),
      ),
    );
  }
  const sets = await setsOf(deployment, cluster);
  const revision = metadata.annotations?.[REVISION];
  const isNew = ({ metadata: of }: ReplicaSet) => of.annotations?.[REVISION] === revision;
  const shown = (some: readonly ReplicaSet[]) =>
    some
      .map((set) => `${set.metadata.name} (${set.status.replicas}/${set.spec.replicas} replicas created)`)
      .join(", ") || "<none>";
  return lines
    .field("OldReplicaSets", shown(sets.filter((set) => !isNew(set))))
    .field("NewReplicaSet", shown(sets.filter(isNew)))
    .toString();
}

const REVISION = "deployment.kubernetes.io/revision";

async function setsOf({ metadata, spec }: Deployment, cluster: Cluster): Promise<readonly ReplicaSet[]> {
  const kind = await cluster.kind("replicasets.apps");
  const all = await cluster.list(kind, metadata.namespace, { labelSelector: selectorText(spec.selector) });
  return (all as unknown as readonly ReplicaSet[]).filter(({ metadata: of }) =>
    of.ownerReferences?.some(({ uid }) => uid === metadata.uid),
  );
}

export function describeReplicaSet({ metadata, spec, status }: ReplicaSet): string {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  const lines = new Lines()
    .field("Name", metadata.name)
    .field("Namespace", metadata.namespace)
    .field("Selector", selectorText(spec.selector))
    .field("Labels", pairs(metadata.labels))
    .field("Annotations", pairs(metadata.annotations, ": "));
  if (controller) lines.field("Controlled By", `${controller.kind}/${controller.name}`);
  lines.field("Replicas", `${status.replicas} current / ${spec.replicas} desired`);
  lines.field("Pods Ready", `${status.readyReplicas ?? 0}`);
  podTemplateSection(lines, spec.template);
  return lines.toString();
}
