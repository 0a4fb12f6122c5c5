import type { ServiceSpec } from "#api/core-v1/servicespec";

/** What a service has taken: no other can have it. */
export interface Holdings {
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

export const NOTHING: Holdings = { addresses: [], ports: [] };
export const HEADLESS = "None";

export const holdingsOf = (spec: ServiceSpec): Holdings => ({
  addresses: addressesOf(spec),
  ports: nodePortsOf(spec),
});

function addressesOf({ type, clusterIP, clusterIPs }: ServiceSpec): readonly string[] {
  if (type === "ExternalName") return [];
  const addresses = clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];
  return addresses.filter((address) => address !== HEADLESS);
}

/** Each once, whatever protocols it serves. */
function nodePortsOf({ ports = [], healthCheckNodePort }: ServiceSpec): readonly number[] {
  const held = new Set(ports.map(({ nodePort = 0 }) => nodePort));
  if (healthCheckNodePort) held.add(healthCheckNodePort);
  held.delete(0);
  return [...held];
}
