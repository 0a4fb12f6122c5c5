import type { Pod } from "#api/core-v1/pod";
import type { Io } from "../io.ts";
import type { Cluster } from "./cluster.ts";
import type { ApiKind } from "./kinds.ts";
import { at, selectorText } from "./objects.ts";

/** The pods that an object stands for: itself, or those that its selector names. */
export async function podsOf(cluster: Cluster, kind: ApiKind, name: string): Promise<readonly Pod[]> {
  const object = await cluster.get(kind, name);
  if (kind.groupPlural === "pods") return [object as unknown as Pod];
  const selector = selectorText(at(object, "spec.selector") as Parameters<typeof selectorText>[0]);
  if (selector === "") throw new Error(`cannot get pods of ${kind.shown(name)}: it selects none`);
  const pods = await cluster.kind("pods");
  return (await cluster.list(pods, cluster.namespace, {
    labelSelector: selector,
  })) as unknown as readonly Pod[];
}

/** One of them, rather one that is running. */
export async function onePodOf(
  cluster: Cluster,
  io: Pick<Io, "tell">,
  kind: ApiKind,
  name: string,
): Promise<Pod> {
  const pods = await podsOf(cluster, kind, name);
  const ranked = pods.toSorted((one, other) => rank(one) - rank(other));
  const [best] = ranked;
  if (!best) throw new Error(`no pods found for ${kind.shown(name)}`);
  if (pods.length > 1) io.tell(`Found ${pods.length} pods, using pod/${best.metadata.name}\n`);
  return best;
}

function rank({ metadata, status }: Pod): number {
  if (metadata.deletionTimestamp !== undefined) return 3;
  if (status.phase !== "Running") return 2;
  return status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ? 0 : 1;
}

const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

export const containerNames = ({ spec }: Pod): readonly string[] =>
  [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(
    ({ name }) => name,
  );

/** The container that is meant when none is named. */
export function defaultContainer(io: Pick<Io, "tell">, pod: Pod): string {
  const chosen = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  if (chosen !== undefined && containerNames(pod).includes(chosen)) return chosen;
  const first = pod.spec.containers[0]!.name;
  const initial = (pod.spec.initContainers ?? []).map(({ name }) => `${name} (init)`);
  const all = [...pod.spec.containers.map(({ name }) => name), ...initial];
  if (all.length > 1) io.tell(`Defaulted container "${first}" out of: ${all.join(", ")}\n`);
  return first;
}
