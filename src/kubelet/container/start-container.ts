import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "#api/core-v1/pod";
import type { Wire } from "#machinery/schema";
import type { Image } from "../cri/image.ts";
import type { PodSandboxConfig } from "../cri/sandbox.ts";
import { podLogDir } from "../pod/directories.ts";
import type { ObservedContainer } from "../pod/observed.ts";
import type { PodRuntime } from "../pod/pod-runtime.ts";
import type { PodServices } from "../pod/services.ts";
import type { Member } from "../pod/spec.ts";
import { containerResources } from "../resources/linux-resources.ts";
import { containerMounts } from "../volumes/container-mounts.ts";
import type { PodReferences } from "../volumes/references.ts";
import type { PodVolumes } from "../volumes/pod-volumes.ts";
import { containerConfig } from "./container-config.ts";
import { ConfigError, environmentOf } from "./environment.ts";
import type { PodFacts } from "./field-values.ts";
import { containerSecurity, targetNameOf } from "./security.ts";
import { linkedServices, serviceVariables } from "./service-links.ts";

/** The container could not be started; `reason` is a waiting reason of container states. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly reason: "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError";

  constructor(reason: StartError["reason"], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reason = reason;
  }
}

export interface StartInput {
  readonly pod: Pod;
  readonly member: Member;
  readonly restartCount: number;
  readonly sandboxId: string;
  readonly sandboxConfig: Wire<PodSandboxConfig>;
  readonly image: Image;
  readonly facts: PodFacts;
  readonly volumes: PodVolumes;
  readonly references: PodReferences;
  readonly runtime: PodRuntime;
  readonly signal: AbortSignal;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Makes and starts one container; throws a StartError. Its postStart hook is still to be run. */
export async function startContainer(
  services: PodServices,
  input: StartInput,
): Promise<ObservedContainer | undefined> {
  const { pod, sandboxId, sandboxConfig, signal } = input;
  const config = await configOf(services, input).catch((error: unknown) => {
    throw new StartError(
      error instanceof ConfigError ? "CreateContainerConfigError" : "CreateContainerError",
      error,
    );
  });
  signal.throwIfAborted();
  const { runtime } = services;
  const id = await runtime.createContainer(sandboxId, config, sandboxConfig).catch((error: unknown) => {
    throw new StartError("CreateContainerError", error);
  });
  services.own(id, pod.metadata.uid);
  input.event("Normal", "Created", "Container created");
  try {
    await runtime.startContainer(id);
  } catch (error) {
    await input.runtime.refreshContainer(pod, id, sandboxId);
    throw new StartError("RunContainerError", error);
  }
  input.event("Normal", "Started", "Container started");
  const started = await input.runtime.refreshContainer(pod, id, sandboxId);
  // It may be over before the runtime was asked about it.
  if (started?.state !== "exited" && input.runtime.hasEnded(id))
    await input.runtime.awaitExit(pod, id, { signal });
  return input.runtime.container(id);
}

async function configOf(services: PodServices, input: StartInput) {
  const { pod, member, restartCount, image, facts, volumes, references } = input;
  const { container } = member;
  const { enableServiceLinks = true } = pod.spec;
  const links = linkedServices(services.services(), pod.metadata.namespace ?? "", enableServiceLinks);
  const environment = await environmentOf(pod, container, {
    facts,
    serviceVariables: serviceVariables(links),
    configMap: (name) => references.configMap(name),
    secret: (name) => references.secret(name),
  });
  const { dirs } = services;
  const [mounts] = await Promise.all([
    containerMounts(pod, container, {
      dirs,
      restartCount,
      environment,
      pathOf: (volume) => volumes.pathOf(volume),
    }),
    mkdir(join(podLogDir(dirs, pod), container.name), { recursive: true }),
  ]);
  const target = targetNameOf(container);
  const targetId = target && input.runtime.running.find(({ name }) => name === target)?.id;
  if (target && !targetId) throw new ConfigError(`unable to find target container ${target}`);
  return containerConfig(pod, container, {
    image,
    restartCount,
    environment,
    mounts,
    resources: containerResources(pod, container, services.node.memoryBytes),
    security: containerSecurity(pod, container, image, targetId, services.security),
  });
}

/** Rewritten as a whole: all containers of the pod share it. */
export const writeHostsFile = (path: string, text: string): Promise<void> =>
  writeFile(path, text, { mode: 0o644 });
