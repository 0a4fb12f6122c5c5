/** Calls as HTTP requests. */
import { stringifyJson } from "#machinery/json";
import type { AnyObject } from "#machinery/schema";
import type { Call, ListScope, Query } from "./transport.ts";

export interface WireCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const METHODS = {
  get: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
} as const;

/** What is sent for a call, but for its path. */
export function wireOf<T extends AnyObject>(call: Call<T>): WireCall {
  const method = METHODS[call.verb];
  if (call.verb === "get" || call.body === undefined) return { method, headers: {} };
  const type = call.verb === "patch" ? call.patchType : "application/json";
  return { method, headers: { "Content-Type": type }, body: stringifyJson(call.body) };
}

/** `suffix`: `List` where one is asked for. */
export const accepts = <T extends AnyObject>(
  { metadataOnly }: ListScope<T>,
  suffix: string,
): Record<string, string> =>
  metadataOnly
    ? { Accept: `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1,application/json` }
    : {};

export function withQuery(path: string, query: Query = {}): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${text}`;
}
