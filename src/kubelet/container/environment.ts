import type { ConfigMap } from "#api/core-v1/configmap";
import type { Pod } from "#api/core-v1/pod";
import type { Secret } from "#api/core-v1/secret";
import type { Container, EnvVar } from "../pod/spec.ts";
import { expand } from "./expansion.ts";
import { fieldValue, type PodFacts, resourceValue } from "./field-values.ts";

/** The container cannot be made as its spec asks. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Config maps and secrets by name, in the pod's namespace; undefined when there is none. */
export interface ReferencedData {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
}

export interface EnvironmentSources extends ReferencedData {
  readonly facts: PodFacts;
  readonly serviceVariables: ReadonlyMap<string, string>;
}

/** The container's environment: what the spec says wins over `envFrom`, and both over services. */
export async function environmentOf(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Promise<ReadonlyMap<string, string>> {
  const environment = new Map<string, string>();
  for (const source of container.envFrom ?? []) await addAll(environment, source, sources);
  const services = sources.serviceVariables;
  for (const variable of container.env ?? []) {
    const lookup = (name: string) => environment.get(name) ?? services.get(name);
    const value = await valueOf(pod, container, variable, sources, lookup);
    if (value !== undefined) environment.set(variable.name, value);
  }
  for (const [name, value] of services) if (!environment.has(name)) environment.set(name, value);
  return environment;
}

type EnvFrom = NonNullable<Container["envFrom"]>[number];

async function addAll(
  environment: Map<string, string>,
  { prefix = "", configMapRef, secretRef }: EnvFrom,
  sources: ReferencedData,
): Promise<void> {
  const add = (data: Readonly<Record<string, string>> = {}, text: (value: string) => string) => {
    for (const [key, value] of Object.entries(data)) environment.set(`${prefix}${key}`, text(value));
  };
  if (configMapRef) {
    const name = configMapRef.name ?? "";
    const map = await sources.configMap(name);
    if (map) add(map.data, (value) => value);
    else if (!configMapRef.optional) throw new ConfigError(`configmap "${name}" not found`);
  }
  if (secretRef) {
    const name = secretRef.name ?? "";
    const secret = await sources.secret(name);
    if (secret) add(secret.data, fromBase64);
    else if (!secretRef.optional) throw new ConfigError(`secret "${name}" not found`);
  }
}

async function valueOf(
  pod: Pod,
  container: Container,
  { value, valueFrom }: EnvVar,
  sources: EnvironmentSources,
  lookup: (name: string) => string | undefined,
): Promise<string | undefined> {
  if (!valueFrom) return expand(value ?? "", lookup);
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fieldRef) {
    const found = fieldValue(pod, sources.facts, fieldRef.fieldPath);
    if (found === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return found;
  }
  if (resourceFieldRef) return resourceOf(pod, container, sources.facts, resourceFieldRef);
  if (configMapKeyRef) {
    const { name = "", key, optional } = configMapKeyRef;
    const map = await sources.configMap(name);
    if (!map && !optional) throw new ConfigError(`configmap "${name}" not found`);
    const found = map?.data?.[key];
    if (found === undefined && !optional)
      throw new ConfigError(`couldn't find key ${key} in ConfigMap ${pod.metadata.namespace}/${name}`);
    return found;
  }
  if (secretKeyRef) {
    const { name = "", key, optional } = secretKeyRef;
    const secret = await sources.secret(name);
    if (!secret && !optional) throw new ConfigError(`secret "${name}" not found`);
    const found = secret?.data?.[key];
    if (found === undefined && !optional)
      throw new ConfigError(`couldn't find key ${key} in Secret ${pod.metadata.namespace}/${name}`);
    return found === undefined ? undefined : fromBase64(found);
  }
  if (fileKeyRef) throw new ConfigError("environment from files of a volume is not supported");
  return "";
}

type ResourceFieldRef = NonNullable<NonNullable<EnvVar["valueFrom"]>["resourceFieldRef"]>;

function resourceOf(pod: Pod, container: Container, facts: PodFacts, selector: ResourceFieldRef): string {
  const { containerName } = selector;
  const others = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const of = containerName ? others.find(({ name }) => name === containerName) : container;
  if (!of) throw new ConfigError(`container ${containerName} not found`);
  const found = resourceValue(of, facts, selector);
  if (found === undefined) throw new ConfigError(`unsupported container resource: ${selector.resource}`);
  return found;
}

export const fromBase64 = (text: string): string => Buffer.from(text, "base64").toString("utf8");
