import type { AnyObject, Resource } from "#machinery/schema";
import type { RequestInfo } from "../contracts.ts";
import { proxiedPath } from "./proxied-path.ts";
import { isTrue } from "./request-info.ts";

const STREAMS = ["stdin", "stdout", "stderr", "tty"];

/**
 * What a connection is asked for, as an object of the API; undefined for subresources that are only read, such as
 * logs.
 */
export function connectOptions(
  { subresource, query, path }: RequestInfo,
  resource: Resource,
): AnyObject | undefined {
  const facts = resource.subresources[subresource];
  if (!facts?.connect) return undefined;
  const { kind, apiVersion = "v1" } = facts;
  const options = { kind, apiVersion, ...membersOf(subresource, query, path) };
  // Options have no metadata; admission looks for none in them.
  return options as unknown as AnyObject;
}

function membersOf(subresource: string, query: URLSearchParams, path: string): object {
  switch (subresource) {
    case "exec":
      return { ...attached(query), command: query.getAll("command") };
    case "attach":
      return attached(query);
    case "portforward": {
      const ports = query
        .getAll("ports")
        .flatMap((text) => text.split(","))
        .map(Number);
      return ports.length === 0 ? {} : { ports };
    }
    default: {
      const { behind } = proxiedPath(path);
      return behind === undefined ? {} : { path: `/${behind}` };
    }
  }
}

function attached(query: URLSearchParams): object {
  const streams = STREAMS.filter((name) => isTrue(query.get(name))).map((name) => [name, true]);
  const container = query.get("container");
  return { ...Object.fromEntries(streams), ...(container ? { container } : {}) };
}
