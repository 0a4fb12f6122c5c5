import { join } from "node:path";
import type { Pod } from "#api/core-v1/pod";
import type { Wire } from "#machinery/schema";
import type { ContainerConfig, Mount } from "../cri/container.ts";
import type { Image } from "../cri/image.ts";
import type { LinuxContainerResources } from "../cri/resources.ts";
import type { LinuxContainerSecurityContext } from "../cri/security.ts";
import { containerLogPath } from "../pod/directories.ts";
import { annotation, label } from "../pod/observed.ts";
import { podLabels } from "../pod/sandbox-config.ts";
import { type Container, graceSecondsOf } from "../pod/spec.ts";
import { expand } from "./expansion.ts";
import { specHash } from "./spec-hash.ts";

export interface ContainerParts {
  readonly image: Image;
  readonly restartCount: number;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Wire<Mount>[];
  readonly resources: Wire<LinuxContainerResources>;
  readonly security: Wire<LinuxContainerSecurityContext>;
}

export const TERMINATION_MESSAGE_PATH = "/dev/termination-log";

/** What the runtime is asked for when it makes a container. */
export function containerConfig(
  pod: Pod,
  container: Container,
  parts: ContainerParts,
): Wire<ContainerConfig> {
  const { image, restartCount, environment, mounts, resources, security } = parts;
  const expanded = (words: readonly string[] = []) =>
    words.map((word) => expand(word, (name) => environment.get(name)));
  return {
    metadata: { name: container.name, attempt: restartCount },
    // By its ID, so that the runtime takes exactly what was checked, whatever its name means by now.
    image: { image: image.id },
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? "",
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts,
    labels: { ...podLabels(pod), [label.containerName]: container.name },
    annotations: annotationsOf(pod, container, restartCount),
    logPath: containerLogPath(container.name, restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: { resources, securityContext: security },
  };
}

function annotationsOf(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  return {
    [annotation.hash]: specHash(container),
    [annotation.restartCount]: String(restartCount),
    [annotation.terminationMessagePath]: container.terminationMessagePath ?? TERMINATION_MESSAGE_PATH,
    [annotation.terminationMessagePolicy]: container.terminationMessagePolicy ?? "File",
    [annotation.terminationGrace]: String(graceSecondsOf(pod)),
  };
}

/** The host's file behind a container's termination message. */
export const terminationLogPath = (containerDir: string, restartCount: number): string =>
  join(containerDir, `termination-${restartCount}`);
