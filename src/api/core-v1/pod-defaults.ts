import { own } from "#api/checks";
import type { Container } from "./container.ts";
import { mapped, podSpecDefaults } from "./podspec-defaults.ts";
import type { PodSpec } from "./podspec.ts";
import type { PodParts } from "./podstate.ts";
import type { PodStatus } from "./podstatus.ts";

/** Whoever limits a resource and asks for nothing asks for the limit. */
function requestsFromLimits(container: Container): Container {
  const { limits, requests = {} } = container.resources;
  const missing = Object.entries(limits ?? {}).filter(([name]) => own(requests, name) === undefined);
  if (missing.length === 0) return container;
  return {
    ...container,
    resources: { ...container.resources, requests: { ...requests, ...Object.fromEntries(missing) } },
  };
}

/** On the node's network a container port is a port of the node. */
function withHostPorts(container: Container): Container {
  if (!container.ports?.some(({ hostPort }) => !hostPort)) return container;
  return {
    ...container,
    ports: container.ports.map((port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })),
  };
}

function specDefaults(spec: PodSpec): PodSpec {
  const made = podSpecDefaults(spec);
  const each = (container: Container): Container =>
    requestsFromLimits(spec.hostNetwork ? withHostPorts(container) : container);
  return {
    ...made,
    enableServiceLinks: made.enableServiceLinks ?? true,
    terminationGracePeriodSeconds:
      made.terminationGracePeriodSeconds < 0 ? 1 : made.terminationGracePeriodSeconds,
    containers: mapped(made.containers, each),
    ...(made.initContainers ? { initContainers: mapped(made.initContainers, each) } : {}),
    ...podLevelDefaults(made),
  };
}

/** A pod that is limited as a whole asks for its limits as a whole. */
function podLevelDefaults({ resources, containers }: PodSpec): Partial<PodSpec> {
  const limits = Object.entries(resources?.limits ?? {});
  const asked = resources?.requests ?? {};
  // What the containers ask for themselves adds up elsewhere; only what nobody asked for follows the limit.
  const missing = limits.filter(
    ([name]) =>
      own(asked, name) === undefined &&
      !containers.some((one) => own(one.resources.requests, name) ?? own(one.resources.limits, name)),
  );
  if (missing.length === 0) return {};
  return { resources: { ...resources, requests: { ...asked, ...Object.fromEntries(missing) } } };
}

/** The address, and the list whose first member it is. */
function statusDefaults(status: PodStatus): PodStatus {
  const { podIP, podIPs } = status;
  if (podIP && podIPs?.[0]?.ip !== podIP) return { ...status, podIPs: [{ ip: podIP }] };
  if (!podIP && podIPs?.[0]?.ip) return { ...status, podIP: podIPs[0].ip };
  return status;
}

/** Defaults that hold for pods, not for templates of pods. */
export const podDefaults = <P extends PodParts>(pod: P): P => ({
  ...pod,
  spec: specDefaults(pod.spec),
  status: statusDefaults(pod.status),
});
