import type { Cluster } from "./cluster.ts";
import type { ApiKind } from "./kinds.ts";
import type { AnyObject } from "./objects.ts";

/** The object with its namespace: its own, or the one that is chosen. Throws when both are said and differ. */
export function namespaceFor(cluster: Cluster, { namespaced }: ApiKind, object: AnyObject): AnyObject {
  const { namespace, ...metadata } = object.metadata;
  if (!namespaced) return namespace === undefined ? object : { ...object, metadata };
  if (namespace === undefined || namespace === "")
    return { ...object, metadata: { ...object.metadata, namespace: cluster.namespace } };
  if (cluster.namespaceGiven && namespace !== cluster.namespace) {
    throw new Error(
      `the namespace from the provided object ${JSON.stringify(namespace)} does not match the namespace ${JSON.stringify(cluster.namespace)}. You must pass '--namespace=${namespace}' to perform this operation.`,
    );
  }
  return object;
}
