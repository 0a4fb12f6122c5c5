import type { RequestInfo } from "../contracts.ts";

const VERBS = new Set(["watch", "proxy"]);
const SUBRESOURCES = new Set(["attach", "exec", "log", "portforward", "proxy"]);

/** Requests that last as long as their client likes: watches, logs and connections into the cluster. */
export const isLongRunning = ({ isResource, verb, subresource }: RequestInfo): boolean =>
  isResource && (VERBS.has(verb) || SUBRESOURCES.has(subresource));
