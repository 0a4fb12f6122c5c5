/** Everything of the API server lies below this. */
export const ROOT = "/registry/";

/** `/registry/pods/`: all objects of a kind. */
export const prefixOf = (storagePrefix: string): string => `${ROOT}${storagePrefix}/`;

/** `/registry/pods/default/web`; no namespace for cluster-scoped kinds. */
export const keyOf = (prefix: string, namespace: string, name: string): string =>
  namespace === "" ? `${prefix}${name}` : `${prefix}${namespace}/${name}`;

/** The last part of a key. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);
