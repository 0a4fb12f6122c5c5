import type { Container } from "#api/core-v1/container";
import type { ContainerState, ContainerStatus } from "#api/core-v1/containerstatus";
import type { EnvVar } from "#api/core-v1/env";
import type { Probe } from "#api/core-v1/probe";
import { dateText, type Lines } from "./lines.ts";

type Shown = Omit<Container, "name"> & { readonly name: string };

/** Containers of a pod with what they are doing; of a template without. */
export function containerSection(
  lines: Lines,
  title: string,
  containers: readonly Shown[],
  statuses: readonly ContainerStatus[],
): void {
  lines.section(title, (inner) => {
    for (const container of containers) {
      const status = statuses.find(({ name }) => name === container.name);
      inner.section(`${container.name}:`, (own) => oneContainer(own, container, status));
    }
  });
}

function oneContainer(lines: Lines, container: Shown, status: ContainerStatus | undefined): void {
  if (status) lines.field("Container ID", status.containerID ?? "");
  lines.field("Image", container.image ?? "");
  if (status) lines.field("Image ID", status.imageID ?? "");
  const ports = container.ports ?? [];
  lines.field(
    ports.length > 1 ? "Ports" : "Port",
    ports
      .map(
        ({ containerPort, protocol, name }) =>
          `${containerPort}/${protocol ?? "TCP"}${name ? ` (${name})` : ""}`,
      )
      .join(", ") || "<none>",
  );
  const hostPorts = ports.map(({ hostPort, protocol }) => `${hostPort ?? 0}/${protocol ?? "TCP"}`);
  lines.field(ports.length > 1 ? "Host Ports" : "Host Port", hostPorts.join(", ") || "<none>");
  if (container.command && container.command.length > 0) lines.field("Command", container.command);
  if (container.args && container.args.length > 0) lines.field("Args", container.args);
  if (status) {
    stateSection(lines, "State", status.state);
    if (status.lastState?.terminated) stateSection(lines, "Last State", status.lastState);
    lines.field("Ready", status.ready ? "True" : "False");
    lines.field("Restart Count", status.restartCount ?? 0);
  }
  for (const [title, amounts] of [
    ["Limits", container.resources?.limits],
    ["Requests", container.resources?.requests],
  ] as const) {
    const entries = Object.entries(amounts ?? {});
    if (entries.length > 0)
      lines.section(`${title}:`, (inner) => entries.forEach(([name, amount]) => inner.field(name, amount)));
  }
  for (const [title, probe] of [
    ["Liveness", container.livenessProbe],
    ["Readiness", container.readinessProbe],
    ["Startup", container.startupProbe],
  ] as const) {
    if (probe) lines.field(title, probeText(probe));
  }
  environment(lines, container);
  mounts(lines, container);
}

function stateSection(lines: Lines, title: string, state: ContainerState | undefined): void {
  const { running, waiting, terminated } = state ?? {};
  const word = running ? "Running" : terminated ? "Terminated" : "Waiting";
  lines.field(title, word);
  lines.nested((inner) => {
    inner.field("Reason", waiting?.reason ?? terminated?.reason);
    if (waiting?.message) inner.field("Message", waiting.message);
    if (terminated) {
      inner.field("Exit Code", terminated.exitCode);
      inner.field("Signal", terminated.signal || undefined);
      inner.field("Message", terminated.message || undefined);
    }
    inner.field("Started", dateText(running?.startedAt ?? terminated?.startedAt));
    inner.field("Finished", dateText(terminated?.finishedAt));
  });
}

export function probeText(probe: Probe): string {
  const {
    initialDelaySeconds = 0,
    timeoutSeconds = 1,
    periodSeconds = 10,
    successThreshold = 1,
    failureThreshold = 3,
  } = probe;
  const times = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(" ")}] ${times}`;
  if (probe.httpGet) {
    const { scheme = "HTTP", host = "", port, path = "" } = probe.httpGet;
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path.startsWith("/") ? "" : "/"}${path} ${times}`;
  }
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ""}:${probe.tcpSocket.port} ${times}`;
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ""} ${times}`;
  return `unknown ${times}`;
}

function environment(lines: Lines, { env = [], envFrom = [] }: Shown): void {
  if (envFrom.length > 0) {
    const sources = envFrom.map(({ configMapRef, secretRef, prefix }) => {
      const from = configMapRef ? `${configMapRef.name}  ConfigMap` : `${secretRef?.name}  Secret`;
      const optional = configMapRef?.optional ?? secretRef?.optional ?? false;
      return `${from}${prefix ? ` with prefix '${prefix}'` : ""}  Optional: ${optional}`;
    });
    lines.section("Environment Variables from:", (inner) => sources.forEach((source) => inner.text(source)));
  }
  if (env.length === 0) {
    lines.field("Environment", "<none>");
    return;
  }
  lines.section("Environment:", (inner) => env.forEach((each) => inner.field(each.name, valueText(each))));
}

function valueText({ value = "", valueFrom }: EnvVar): string {
  if (!valueFrom) return value;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) return `(${fieldRef.apiVersion ?? "v1"}:${fieldRef.fieldPath})`;
  if (resourceFieldRef) return `(${resourceFieldRef.resource})`;
  const ref = configMapKeyRef ?? secretKeyRef;
  const kind = configMapKeyRef ? "config map" : "secret";
  return ref
    ? `<set to the key '${ref.key}' of ${kind} '${ref.name}'>  Optional: ${ref.optional ?? false}`
    : "";
}

function mounts(lines: Lines, { volumeMounts = [] }: Shown): void {
  if (volumeMounts.length === 0) {
    lines.field("Mounts", "<none>");
    return;
  }
  lines.section("Mounts:", (inner) => {
    for (const { mountPath, name, readOnly, subPath } of volumeMounts.toSorted((one, other) =>
      one.mountPath < other.mountPath ? -1 : 1,
    )) {
      const how = [readOnly ? "ro" : "rw", ...(subPath ? [`path=${JSON.stringify(subPath)}`] : [])].join(",");
      inner.text(`${mountPath} from ${name} (${how})`);
    }
  });
}
