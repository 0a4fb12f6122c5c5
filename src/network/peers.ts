/** How packets for the pods of other nodes get there. */
import type { Node } from "#api/core-v1/node";
import { cidrHas, familyOf, type IpFamily, parseCidr } from "#base/ip";

/** One range of pods on another node. */
export interface PeerRange {
  readonly node: string;
  readonly podCIDR: string;
  readonly nodeIP: string;
  /** `route`: the node is on a cable of ours. `tunnel`: packets are packed into others to the node. */
  readonly by: "route" | "tunnel";
}

export interface Here {
  readonly nodeName: string | undefined;
  /** Networks that this machine is in, such as `192.0.2.5/24`. */
  readonly segments: readonly string[];
}

/** The ranges of all other nodes that have one. */
export function peerRanges(nodes: Iterable<Node>, { nodeName, segments }: Here): readonly PeerRange[] {
  const networks = segments.flatMap((text) => parseCidr(text) ?? []);
  const ranges: PeerRange[] = [];
  for (const { metadata, spec, status } of nodes) {
    if (metadata.name === nodeName) continue;
    const podCIDRs =
      spec.podCIDRs && spec.podCIDRs.length > 0 ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : [];
    for (const podCIDR of podCIDRs) {
      const nodeIP = internalIP(status, familyOf(podCIDR)) ?? internalIP(status, "ipv4");
      if (nodeIP === undefined || !parseCidr(podCIDR)) continue;
      const near =
        familyOf(nodeIP) === familyOf(podCIDR) && networks.some((network) => cidrHas(network, nodeIP));
      ranges.push({ node: metadata.name, podCIDR, nodeIP, by: near ? "route" : "tunnel" });
    }
  }
  return ranges.sort((a, b) => (a.podCIDR < b.podCIDR ? -1 : 1));
}

const internalIP = (status: Node["status"] | undefined, family: IpFamily): string | undefined =>
  status?.addresses?.find(({ type, address }) => type === "InternalIP" && familyOf(address) === family)
    ?.address;
