import { Pod } from "#api/core-v1/pod";
import { badRequest, notFound } from "#machinery/status";
import type { ReadCache, RequestInfo } from "../contracts.ts";

/** The pod that a request is about. */
export function podOf(cache: ReadCache, { namespace, name }: RequestInfo): Pod {
  const pod = cache.get(Pod, namespace, name);
  if (!pod) throw notFound({ group: "", plural: "pods" }, name);
  return pod;
}

/** Where the pod runs; BadRequest when it has no node yet. */
export function nodeOf({ metadata, spec }: Pod): string {
  if (!spec.nodeName) throw badRequest(`pod ${metadata.name} does not have a host assigned`);
  return spec.nodeName;
}

const namesIn = ({
  spec,
}: Pod): { readonly all: string[]; readonly plain: string[]; readonly init: string[] } => {
  const plain = spec.containers.map(({ name }) => name);
  const init = (spec.initContainers ?? []).map(({ name }) => name);
  const ephemeral = (spec.ephemeralContainers ?? []).map(({ name }) => name);
  return { all: [...init, ...plain, ...ephemeral], plain, init };
};

/** The named container; without a name the only one there is. */
export function containerOf(pod: Pod, wanted: string | null): string {
  const { all, plain, init } = namesIn(pod);
  const { name } = pod.metadata;
  if (wanted) {
    if (!all.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`);
    return wanted;
  }
  if (plain.length === 1) return plain[0]!;
  const choices = init.length > 0 ? ` or one of the init containers: [${init.join(" ")}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${plain.join(" ")}]${choices}`,
  );
}
