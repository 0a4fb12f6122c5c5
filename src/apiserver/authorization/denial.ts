import { type StatusError, forbidden, internalError } from "#machinery/status";
import type { Decision, User } from "../contracts.ts";
import type { Attributes } from "./rules.ts";

/** The 403 of a request that nobody allowed; a 500 where somebody who might have could not be asked. */
export function denied(user: User, request: Attributes, decision: Decision): StatusError {
  const { reason, error } = decision;
  if (error !== undefined) return internalError(new Error(error));
  const text = denialText(user, request);
  const why = reason === "" ? text : `${text}: ${reason}`;
  const plural = request.isResource ? request.resource : "";
  return forbidden({ group: request.group, plural }, request.isResource ? request.name : "", why);
}

/** `User "x" cannot list resource "pods" in API group "" in the namespace "default"` */
function denialText(user: User, request: Attributes): string {
  const who = `User ${JSON.stringify(user.name)} cannot ${request.verb}`;
  if (!request.isResource) return `${who} path ${JSON.stringify(request.path)}`;
  const resource =
    request.subresource === "" ? request.resource : `${request.resource}/${request.subresource}`;
  const where = request.namespace === "" ? "at the cluster scope" : `in the namespace "${request.namespace}"`;
  return `${who} resource "${resource}" in API group "${request.group}" ${where}`;
}
