import { item, at } from "#machinery/schema";
import type { ContainerPort } from "./container.ts";
import { containersOf } from "./pod-containers.ts";
import type { PodSpec } from "./podspec.ts";

type Warnings = Iterable<string>;

interface Place {
  readonly path: string;
  readonly port: ContainerPort;
}

/** Of ports that are in each other's way. */
export function* portWarnings(spec: PodSpec, path: string): Warnings {
  const places = new Map<string, Place[]>();
  for (const [{ ports }, there] of containersOf(spec, path)) {
    for (const [index, port] of (ports ?? []).entries()) {
      const place = { path: item(at(there, "ports"), index), port };
      if (port.hostIP && !port.hostPort)
        yield `${place.path}: hostIP set without hostPort: ${shownPort(port)}`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = places.get(key);
      if (!others) places.set(key, [place]);
      else {
        for (const other of others) yield* overlapWarnings(place, other);
        others.push(place);
      }
    }
  }
}

const shownPort = ({
  name = "",
  hostPort = 0,
  containerPort,
  protocol,
  hostIP = "",
}: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

function* overlapWarnings({ path, port }: Place, { path: other, port: before }: Place): Warnings {
  const [ip, ipBefore] = [port.hostIP ?? "", before.hostIP ?? ""];
  const [host, hostBefore] = [port.hostPort ?? 0, before.hostPort ?? 0];
  if (ip === ipBefore && host === hostBefore) yield `${path}: duplicate port definition with ${other}`;
  else if (host === 0 || hostBefore === 0) yield `${path}: overlapping port definition with ${other}`;
  else if (host === hostBefore && (ip === "") !== (ipBefore === ""))
    yield `${path}: dangerously ambiguous port definition with ${other}`;
}
