import type { Service } from "#api/core-v1/service";
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { Cluster } from "../cluster.ts";
import { labelsText } from "../objects.ts";
import { Lines, pairs } from "./lines.ts";

export async function describeService(service: Service, cluster: Cluster): Promise<string> {
  const { metadata, spec, status } = service;
  const kind = await cluster.kind("endpointslices.discovery.k8s.io");
  const labelSelector = `kubernetes.io/service-name=${metadata.name}`;
  const slices = (await cluster.list(kind, metadata.namespace, {
    labelSelector,
  })) as unknown as readonly EndpointSlice[];
  const lines = new Lines()
    .field("Name", metadata.name)
    .field("Namespace", metadata.namespace)
    .field("Labels", pairs(metadata.labels))
    .field("Annotations", pairs(metadata.annotations, ": "))
    .field("Selector", labelsText(spec.selector) || "<none>")
    .field("Type", spec.type)
    .field("IP Family Policy", spec.ipFamilyPolicy)
    .field("IP Families", (spec.ipFamilies ?? []).join(",") || "<none>")
    .field("IP", spec.clusterIP ?? "")
    .field("IPs", (spec.clusterIPs ?? []).join(",") || "<none>");
  if (spec.externalIPs && spec.externalIPs.length > 0)
    lines.field("External IPs", spec.externalIPs.join(","));
  if (spec.externalName) lines.field("External Name", spec.externalName);
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0)
    lines.field("LoadBalancer Ingress", ingress.map(({ ip, hostname }) => ip ?? hostname).join(", "));
  for (const { name, port, protocol = "TCP", targetPort, nodePort } of spec.ports ?? []) {
    const called = name || "<unset>";
    lines.field("Port", `${called}  ${port}/${protocol}`);
    lines.field("TargetPort", `${targetPort ?? port}/${protocol}`);
    if (nodePort) lines.field("NodePort", `${called}  ${nodePort}/${protocol}`);
    lines.field("Endpoints", endpointsText(slices, name ?? ""));
  }
  return lines
    .field("Session Affinity", spec.sessionAffinity)
    .field("External Traffic Policy", spec.externalTrafficPolicy)
    .field("Internal Traffic Policy", spec.internalTrafficPolicy)
    .toString();
}

const SHOWN_MAX = 3;

/** The first few addresses, and how many more there are. */
function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  const all = slices.flatMap(({ endpoints = [], ports = [] }) => {
    const found = (ports ?? []).find(({ name = "" }) => name === portName);
    if (!found) return [];
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) =>
      addresses.map((address) => `${address.includes(":") ? `[${address}]` : address}:${found.port}`),
    );
  });
  const shown = all.slice(0, SHOWN_MAX).join(",");
  return all.length > SHOWN_MAX ? `${shown} + ${all.length - SHOWN_MAX} more...` : shown;
}
