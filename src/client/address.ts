import type { AnyObject } from "#machinery/schema";

/** Where one object of a kind is. `namespace` is absent for cluster-scoped kinds. */
export interface Address {
  readonly namespace?: string;
  readonly name: string;
}

/** `namespace/name`, or `name` alone for cluster-scoped objects: the key of caches and queues. */
export const keyOf = ({ metadata }: Pick<AnyObject, "metadata">): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;

export const keyAt = ({ namespace, name }: Address): string => (namespace ? `${namespace}/${name}` : name);

export function addressOf(key: string): Address {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The address in a key of the store. Names hold no slash. */
export function addressInKey(key: string, namespaced: boolean): Address {
  const nameAt = key.lastIndexOf("/") + 1;
  const name = key.slice(nameAt);
  return namespaced
    ? { namespace: key.slice(key.lastIndexOf("/", nameAt - 2) + 1, nameAt - 1), name }
    : { name };
}
