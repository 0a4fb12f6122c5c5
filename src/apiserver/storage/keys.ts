/** Everything of the API server lies below this. */
export const ROOT = "/registry/";

/** `/registry/pods/`: all objects of a kind. */
export const prefixOf = (storagePrefix: string): string => `${ROOT}${storagePrefix}/`;

/** `/registry/pods/default/web`; no namespace for cluster-scoped kinds. */
export const keyOf = (prefix: string, namespace: string, name: string): string =>
  namespace === "" ? `${prefix}${name}` : `${prefix}${namespace}/${name}`;

/** The last part of a key. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);

/** The part between the kind's prefix and the name; empty for cluster-scoped kinds. */
export function namespaceOf(prefix: string, key: string): string {
  const slash = key.lastIndexOf("/");
  return slash < prefix.length ? "" : key.slice(prefix.length, slash);
}
