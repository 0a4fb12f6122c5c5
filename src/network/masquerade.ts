/** Packets of pods to the world outside the cluster leave under the node's address. */
import { familyOf, type IpFamily } from "#base/ip";

export interface MasqueradeOptions {
  readonly table: string;
  readonly podRanges: readonly string[];
  /** Of nodes that have routes to our pods: they see the pods' own addresses. */
  readonly nodeIPs: readonly string[];
}

/** Commands that make the tables, or make them anew. */
export const masqueradeTables = (options: MasqueradeOptions): string =>
  (["ipv4", "ipv6"] as const).map((family) => tableOf(family, options)).join("");

function tableOf(family: IpFamily, { table, podRanges, nodeIPs }: MasqueradeOptions): string {
  const own = (texts: readonly string[]) => texts.filter((text) => familyOf(text) === family);
  const pods = own(podRanges);
  if (pods.length === 0) return "";
  const ip = family === "ipv4" ? "ip" : "ip6";
  const type = family === "ipv4" ? "ipv4_addr" : "ipv6_addr";
  const nodes = own(nodeIPs);
  return [
    `add table ${ip} ${table}`,
    `delete table ${ip} ${table}`,
    `add table ${ip} ${table}`,
    `add set ${ip} ${table} pods { type ${type}; flags interval; elements = { ${pods.join(", ")} }; }`,
    `add set ${ip} ${table} nodes { type ${type};${nodes.length > 0 ? ` elements = { ${nodes.join(", ")} };` : ""} }`,
    `add chain ${ip} ${table} leave { type nat hook postrouting priority 110; policy accept; }`,
    `add rule ${ip} ${table} leave ${ip} saddr @pods ${ip} daddr != @pods ${ip} daddr != @nodes oifname != lo masquerade fully-random`,
    "",
  ].join("\n");
}
