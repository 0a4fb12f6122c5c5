/** `/metrics/resources`: what pods have asked for, as schedulers and nodes reckon with it. */
import { Registry } from "prom-client";
import { Pod } from "#api/core-v1/pod";
import { type Amounts, limitsOf, requestsOf } from "#api/core-v1/podresources";
import { isTerminal } from "#api/core-v1/podstate";
import type { ReadCache } from "../contracts.ts";
import { register, type Sample } from "../instruments/instrument.ts";
import { textOf } from "../instruments/stability.ts";
import type { PathHandler } from "../request/handlers.ts";

export const POD_RESOURCES_PATH = "/metrics/resources";

export function podResources(cache: ReadCache): PathHandler {
  const registry = new Registry();
  const show = (what: string, help: string, of: (pod: Pod) => Amounts) =>
    register(registry, {
      name: `kube_pod_resource_${what}`,
      help,
      type: "gauge",
      *samples(): Generator<Sample> {
        for (const pod of cache.list(Pod)) if (!isTerminal(pod)) yield* amountsOf(pod, of(pod));
      },
    });
  show("request", "What pods ask of their nodes, init containers and overhead included.", requestsOf);
  show("limit", "What pods may use at most.", limitsOf);
  return async ({ exchange, headers }) => {
    const body = Buffer.from(await textOf(registry));
    exchange.reply(200, { ...headers, "content-type": registry.contentType }, body);
  };
}

function* amountsOf({ metadata, spec }: Pod, amounts: Amounts): Generator<Sample> {
  for (const [resource, amount] of amounts) {
    if (amount === 0) continue;
    const labels = {
      namespace: metadata.namespace ?? "",
      pod: metadata.name,
      node: spec.nodeName ?? "",
      scheduler: spec.schedulerName ?? "",
      priority: String(spec.priority ?? ""),
      resource,
      unit: unitOf(resource),
    };
    // Processors are counted in thousandths.
    yield { labels, value: resource === "cpu" ? amount / 1000 : amount };
  }
}

function unitOf(resource: string): string {
  if (resource === "cpu") return "cores";
  const inBytes = resource === "memory" || resource.endsWith("storage") || resource.startsWith("hugepages-");
  if (inBytes) return "bytes";
  return resource.startsWith("attachable-volumes-") ? "integer" : "";
}
