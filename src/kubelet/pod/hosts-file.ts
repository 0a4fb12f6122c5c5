/** The `/etc/hosts` that the containers of a pod share. */
import type { Pod } from "#api/core-v1/pod";
import type { PodNames } from "./dns.ts";
import { isHostNetwork } from "./spec.ts";

const LOOPBACK = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "fe00::0\tip6-mcastprefix",
  "fe00::1\tip6-allnodes",
  "fe00::2\tip6-allrouters",
];

/** `nodeHosts`: the node's own file, for pods in the node's network. */
export function hostsFile(pod: Pod, names: PodNames, podIPs: readonly string[], nodeHosts: string): string {
  const head = isHostNetwork(pod)
    ? ["# Kubernetes-managed hosts file (host network).", nodeHosts.trimEnd()]
    : ["# Kubernetes-managed hosts file.", ...LOOPBACK, ...podIPs.map((ip) => ownLine(ip, names))];
  return `${[...head, ...aliasLines(pod)].join("\n")}\n`;
}

function ownLine(ip: string, { hostname, hostDomain }: PodNames): string {
  const short = hostname.split(".")[0]!;
  return hostDomain ? `${ip}\t${short}.${hostDomain}\t${short}` : `${ip}\t${hostname}`;
}

function aliasLines({ spec }: Pod): string[] {
  const aliases = spec.hostAliases ?? [];
  if (aliases.length === 0) return [];
  return [
    "",
    "# Entries added by HostAliases.",
    ...aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}`),
  ];
}
