import type { AnyObject, Resource } from "#machinery/schema";

interface Place<T extends AnyObject> {
  readonly resource: Resource<T>;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/apis/apps/v1/namespaces/default/deployments/web/status` */
export function pathOf<T extends AnyObject>({ resource, namespace, name, subresource }: Place<T>): string {
  const { group, version, plural } = resource;
  const parts = group === "" ? ["api", version] : ["apis", group, version];
  if (namespace) parts.push("namespaces", namespace);
  parts.push(plural);
  if (name) parts.push(name);
  if (subresource) parts.push(...subresource.split("/"));
  return `/${parts.map(encodeURIComponent).join("/")}`;
}
