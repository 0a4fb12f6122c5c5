/** Ports of the node that lead into pods (`hostPort`), as data and as a table of the packet filter. */
import type { Pod } from "#api/core-v1/pod";
import { canonicalIp, familyOf, type IpFamily } from "#base/ip";

export interface HostPort {
  readonly family: IpFamily;
  readonly protocol: string;
  readonly port: number;
  /** Address of the node; undefined: all of them. */
  readonly hostIP: string | undefined;
  readonly podIP: string;
  readonly containerPort: number;
}

/** What a pod asks for, once it has addresses and as long as it runs. */
export function hostPortsOf({ spec, status }: Pod): readonly HostPort[] {
  if (spec.hostNetwork || status?.phase === "Succeeded" || status?.phase === "Failed") return [];
  const podIPs = (status?.podIPs ?? []).flatMap(({ ip }) => canonicalIp(ip ?? "") ?? []);
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const ports = [...sidecars, ...spec.containers].flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ hostPort, hostIP, containerPort, protocol }) => {
    if (!hostPort) return [];
    const own = isAny(hostIP) ? undefined : canonicalIp(hostIP!);
    return podIPs
      .filter((podIP) => !hostIP || familyOf(hostIP) === familyOf(podIP))
      .map((podIP) => ({
        family: familyOf(podIP),
        protocol: (protocol ?? "TCP").toLowerCase(),
        port: hostPort,
        hostIP: own,
        podIP,
        containerPort,
      }));
  });
}

const isAny = (hostIP: string | undefined): boolean => !hostIP || hostIP === "0.0.0.0" || hostIP === "::";

/** Commands that make the tables, or make them anew; two pods that want the same are kept apart by the scheduler. */
export const hostPortTables = (table: string, ports: readonly HostPort[]): string =>
  (["ipv4", "ipv6"] as const)
    .map((family) =>
      tableOf(
        table,
        family,
        ports.filter((port) => port.family === family),
      ),
    )
    .join("");

function tableOf(table: string, family: IpFamily, ports: readonly HostPort[]): string {
  const ip = family === "ipv4" ? "ip" : "ip6";
  const address = family === "ipv4" ? "ipv4_addr" : "ipv6_addr";
  const loopback = family === "ipv4" ? "127.0.0.0/8" : "::1";
  const head = [`add table ${ip} ${table}`, `delete table ${ip} ${table}`];
  if (ports.length === 0) return [...head, ""].join("\n");
  const anywhere = new Map<string, string>();
  const somewhere = new Map<string, string>();
  for (const { protocol, port, hostIP, podIP, containerPort } of ports) {
    const target = `${podIP} . ${containerPort}`;
    if (hostIP === undefined) anywhere.set(`${protocol} . ${port}`, target);
    else somewhere.set(`${hostIP} . ${protocol} . ${port}`, target);
  }
  const pods = [...new Set(ports.map(({ podIP }) => `${podIP} . ${podIP}`))];
  const steer = [
    `dnat to ${ip} daddr . meta l4proto . th dport map @somewhere`,
    "fib daddr type local dnat to meta l4proto . th dport map @anywhere",
  ];
  const chain = (name: string, hook: string, rules: readonly string[]) => [
    `add chain ${ip} ${table} ${name} { ${hook} policy accept; }`,
    ...rules.map((rule) => `add rule ${ip} ${table} ${name} ${rule}`),
  ];
  return [
    ...head,
    `add table ${ip} ${table}`,
    `add map ${ip} ${table} anywhere { type inet_proto . inet_service : ${address} . inet_service;${elements(anywhere)} }`,
    `add map ${ip} ${table} somewhere { type ${address} . inet_proto . inet_service : ${address} . inet_service;${elements(somewhere)} }`,
    `add set ${ip} ${table} pods { type ${address} . ${address}; elements = { ${pods.join(", ")} }; }`,
    // Connections from the loopback device may leave it; nobody else may come to its addresses.
    ...chain("loopback", "type filter hook prerouting priority -300;", [
      `iifname != lo ${ip} daddr ${loopback} drop`,
    ]),
    // Services come first where both want a port.
    ...chain("steer-incoming", "type nat hook prerouting priority -99;", steer),
    ...chain("steer-own", "type nat hook output priority -99;", steer),
    ...chain("leave", "type nat hook postrouting priority 99;", [
      `${ip} saddr ${loopback} oifname != lo masquerade`,
      `ct status dnat ${ip} saddr . ${ip} daddr @pods masquerade`,
    ]),
    "",
  ].join("\n");
}

const elements = (entries: ReadonlyMap<string, string>): string =>
  entries.size === 0
    ? ""
    : ` elements = { ${[...entries].map(([key, value]) => `${key} : ${value}`).join(", ")} };`;
