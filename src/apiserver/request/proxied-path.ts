/** The path of a request to a pod, service or node through its `proxy`, in two parts. */
export interface ProxiedPath {
  /** Up to the subresource. */
  readonly prefix: string;
  /** What the other side is asked for, without the slash before it; undefined when the path ends with `proxy`. */
  readonly behind: string | undefined;
}

/** Namespaces and objects may be called `proxy` too. */
const PLACE = /^(\/+api\/v1\/(?:namespaces\/[^/]+\/)?[^/]+\/[^/]+\/proxy)(?:\/(.*))?$/;

export function proxiedPath(path: string): ProxiedPath {
  const [, prefix = "", behind] = PLACE.exec(path) ?? [];
  return { prefix, behind };
}
