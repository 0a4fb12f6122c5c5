import type { Pod } from "#api/core-v1/pod";
import { Service } from "#api/core-v1/service";
import type { Informer } from "#client/informer";
import type { Caches } from "#reconciler/controller";

type Labels = Readonly<Record<string, string>>;

const selects = (selector: Labels, labels: Labels = {}): boolean => {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
};

export const podsOf = (selector: Labels, pods: Informer<Pod>, namespace = ""): readonly Pod[] => [
  ...pods.select(namespace, (labels) => selects(selector, labels)),
];

/** Keys of the services that select a pod. */
export function* servicesOf(
  { metadata: { namespace = "", labels } }: Pod,
  { cache }: Caches,
): Iterable<string> {
  for (const { metadata, spec } of cache(Service).list(namespace)) {
    if (spec.selector && selects(spec.selector, labels)) yield `${namespace}/${metadata.name}`;
  }
}
