/** What pods may read about themselves: fields, and resources of a container. */
import type { Pod } from "#api/core-v1/pod";
import { parseQuantity } from "#machinery/quantity";
import { type Container, isHostNetwork } from "../pod/spec.ts";

/** What is known about a pod before its status says so. */
export interface PodFacts {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** The node's allocatable resources. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The value at a path such as `metadata.labels['app']`; undefined for a path that is none of those allowed. */
export function fieldValue(pod: Pod, facts: PodFacts, path: string): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return pod.metadata[subscript[1] as "labels" | "annotations"]?.[subscript[2]!] ?? "";
  const podIPs = isHostNetwork(pod) ? facts.hostIPs : facts.podIPs;
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "metadata.uid":
      return pod.metadata.uid;
    case "metadata.labels":
      return formatMap(pod.metadata.labels);
    case "metadata.annotations":
      return formatMap(pod.metadata.annotations);
    case "spec.nodeName":
      return pod.spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "";
    case "status.hostIP":
      return facts.hostIPs[0] ?? "";
    case "status.hostIPs":
      return facts.hostIPs.join(",");
    case "status.podIP":
      return podIPs[0] ?? "";
    case "status.podIPs":
      return podIPs.join(",");
    default:
      return undefined;
  }
}

/** One `key="value"` a line, sorted by key. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join("\n");
}

export interface ResourceSelector {
  readonly resource: string;
  readonly divisor?: string;
}

/** `limits.cpu` and the like, in units of the divisor, rounded up. Without a limit, what the node can give. */
export function resourceValue(
  container: Container,
  { allocatable }: PodFacts,
  { resource, divisor }: ResourceSelector,
): string | undefined {
  const match = /^(limits|requests)\.(.+)$/.exec(resource);
  if (!match) return undefined;
  const [, kind, name = ""] = match;
  const { requests, limits } = container.resources ?? {};
  const quantity =
    kind === "limits" ? (limits?.[name] ?? allocatable[name]) : (requests?.[name] ?? limits?.[name]);
  const unit = parseQuantity(divisor && divisor !== "0" ? divisor : "1").nano;
  const amount = parseQuantity(quantity ?? "0").nano;
  return String((amount + unit - 1n) / unit);
}
