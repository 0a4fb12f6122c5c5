import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { ageOf } from "#machinery/elapsed";
import { addQuantities } from "#machinery/quantity";
import { formatColumns } from "../../columns.ts";
import type { Cluster } from "../cluster.ts";
import { dateText, Lines, pairs } from "./lines.ts";

const ROLE = "node-role.kubernetes.io/";

export async function describeNode(node: Node, cluster: Cluster, now: number): Promise<string> {
  const { metadata, spec, status } = node;
  const labels = metadata.labels ?? {};
  const roles = Object.keys(labels).flatMap((name) =>
    name.startsWith(ROLE) ? [name.slice(ROLE.length)] : [],
  );
  const lines = new Lines()
    .field("Name", metadata.name)
    .field("Roles", roles.join(",") || "<none>")
    .field("Labels", pairs(labels))
    .field("Annotations", pairs(metadata.annotations, ": "))
    .field("CreationTimestamp", dateText(metadata.creationTimestamp))
    .field(
      "Taints",
      (spec.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ""}:${effect}`),
    )
    .field("Unschedulable", String(spec.unschedulable ?? false));
  const conditions = (status.conditions ?? []).map(
    ({ type, status: is, lastHeartbeatTime, lastTransitionTime, reason = "", message = "" }) => [
      type,
      is,
      dateText(lastHeartbeatTime) ?? "",
      dateText(lastTransitionTime) ?? "",
      reason,
      message,
    ],
  );
  lines.section("Conditions:", (inner) =>
    inner.text(
      formatColumns(
        [["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"], ...conditions],
        [],
        2,
      ).trimEnd(),
    ),
  );
  lines.section("Addresses:", (inner) =>
    (status.addresses ?? []).forEach(({ type, address }) => inner.field(type, address)),
  );
  for (const [title, amounts] of [
    ["Capacity", status.capacity],
    ["Allocatable", status.allocatable],
  ] as const) {
    lines.section(`${title}:`, (inner) =>
      Object.entries(amounts ?? {})
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .forEach(([name, amount]) => inner.field(name, amount)),
    );
  }
  const info = status.nodeInfo;
  lines.section("System Info:", (inner) =>
    inner
      .field("Machine ID", info?.machineID)
      .field("System UUID", info?.systemUUID)
      .field("Boot ID", info?.bootID)
      .field("Kernel Version", info?.kernelVersion)
      .field("OS Image", info?.osImage)
      .field("Operating System", info?.operatingSystem)
      .field("Architecture", info?.architecture)
      .field("Container Runtime Version", info?.containerRuntimeVersion)
      .field("Kubelet Version", info?.kubeletVersion),
  );
  lines.field("PodCIDR", spec.podCIDR || undefined).field("PodCIDRs", spec.podCIDRs?.join(",") || undefined);
  const kind = await cluster.kind("pods");
  const all = (await cluster.list(kind, undefined, {
    fieldSelector: `spec.nodeName=${metadata.name}`,
  })) as unknown as readonly Pod[];
  const pods = all.filter(({ status: { phase } }) => phase !== "Succeeded" && phase !== "Failed");
  podTable(lines, pods, now);
  return lines.toString();
}

const AMOUNTS = [
  ["cpu", "requests"],
  ["cpu", "limits"],
  ["memory", "requests"],
  ["memory", "limits"],
] as const;

function podTable(lines: Lines, pods: readonly Pod[], now: number): void {
  const rows = pods.map((pod) => [
    pod.metadata.namespace ?? "",
    pod.metadata.name,
    ...AMOUNTS.map(([resource, which]) => totalOf([pod], resource, which)),
    ageOf(pod.metadata.creationTimestamp, now),
  ]);
  const header = [
    "Namespace",
    "Name",
    "CPU Requests",
    "CPU Limits",
    "Memory Requests",
    "Memory Limits",
    "Age",
  ];
  lines.section(`Non-terminated Pods:  (${pods.length} in total)`, (inner) =>
    inner.text(formatColumns([header, ...rows], [], 2).trimEnd()),
  );
  lines.section("Allocated resources:", (inner) => {
    const totals = ["cpu", "memory"].map((resource) => [
      resource,
      totalOf(pods, resource, "requests"),
      totalOf(pods, resource, "limits"),
    ]);
    inner.text(formatColumns([["Resource", "Requests", "Limits"], ...totals], [], 2).trimEnd());
  });
}

function totalOf(pods: readonly Pod[], resource: string, which: "requests" | "limits"): string {
  const amounts = pods.flatMap(({ spec }) =>
    spec.containers.flatMap(({ resources }) => {
      const amount = resources?.[which]?.[resource];
      return amount === undefined ? [] : [amount];
    }),
  );
  return amounts.reduce((sum, amount) => addQuantities(sum, amount), "0");
}
