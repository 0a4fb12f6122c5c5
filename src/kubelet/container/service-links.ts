/** Environment variables that tell a container where the services of its namespace are. */
import type { Service } from "#api/core-v1/service";

export function serviceVariables(services: Iterable<Service>): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) addService(variables, service);
  return variables;
}

function addService(variables: Map<string, string>, { metadata, spec }: Service): void {
  const ip = spec.clusterIP;
  const [first] = spec.ports ?? [];
  if (!ip || ip === "None" || !first) return;
  const prefix = variableName(metadata.name);
  const host = ip.includes(":") ? `[${ip}]` : ip;
  variables.set(`${prefix}_SERVICE_HOST`, ip);
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name, port } of spec.ports ?? [])
    if (name) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
  const url = (port: number, protocol: string) => `${protocol.toLowerCase()}://${host}:${port}`;
  variables.set(`${prefix}_PORT`, url(first.port, first.protocol ?? "TCP"));
  for (const { port, protocol = "TCP" } of spec.ports ?? []) {
    const link = `${prefix}_PORT_${port}_${protocol}`;
    variables.set(link, url(port, protocol));
    variables.set(`${link}_PROTO`, protocol.toLowerCase());
    variables.set(`${link}_PORT`, String(port));
    variables.set(`${link}_ADDR`, ip);
  }
}

const variableName = (name: string): string => name.replaceAll(/[-.]/g, "_").toUpperCase();

/** The services whose addresses a pod is told: those of its namespace, and always the API server's. */
export function* linkedServices(
  services: Iterable<Service>,
  namespace: string,
  enableServiceLinks: boolean,
): Iterable<Service> {
  for (const service of services) {
    const isApi = service.metadata.namespace === "default" && service.metadata.name === "kubernetes";
    if (isApi || (enableServiceLinks && service.metadata.namespace === namespace)) yield service;
  }
}
