import { Pod } from "#api/core-v1/pod";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import type { AnyObject, Resource, Wire } from "#machinery/schema";
import type { Pass } from "#reconciler/controller";
import { isNamespaceGoing } from "#reconciler/namespace-going";
import { controllerReference } from "#reconciler/owner";

/** Names get a suffix of five characters, and pod names end at 63 where they are also host names. */
const PREFIX_LENGTH_MAX = 58;

/** A pod as the template asks for it, controlled by its maker. */
export function podFrom<T extends AnyObject>(
  template: PodTemplateSpec,
  kind: Resource<T>,
  owner: AnyObject,
  metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): Wire<Pod> {
  const { labels = {}, annotations, finalizers } = template.metadata;
  const { name, namespace } = owner.metadata;
  return {
    metadata: {
      ...(metadata.name === undefined
        ? { generateName: `${name}-`.slice(0, PREFIX_LENGTH_MAX) }
        : { name: metadata.name }),
      ...(namespace ? { namespace } : {}),
      labels: { ...labels, ...metadata.labels },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(kind, owner)],
    },
    spec: template.spec,
  };
}

/** Creates pods and tells of it in events about their owner. Answers the first failure instead of throwing it. */
export async function createPods(
  pods: readonly Wire<Pod>[],
  owner: AnyObject,
  { write, event }: Pass,
): Promise<Error | undefined> {
  const { failure } = await write.createMany(Pod, pods, {
    created: ({ metadata }) => event(owner, "Normal", "SuccessfulCreate", `Created pod: ${metadata.name}`),
    failed: (error) => event(owner, "Warning", "FailedCreate", `Error creating: ${(error as Error).message}`),
  });
  // Nothing can be made in a namespace that is going; its end will take the owner too.
  return isNamespaceGoing(failure) ? undefined : failure;
}

/** Deletes pods and tells of it in events about their owner. */
export async function removePods(
  pods: readonly Pod[],
  owner: AnyObject,
  { write, event }: Pass,
): Promise<void> {
  await write.removeAll(Pod, pods, {
    removed: ({ metadata }) => event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${metadata.name}`),
  });
}
