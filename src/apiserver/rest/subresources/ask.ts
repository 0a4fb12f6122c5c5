import { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { applyDeclaredDefaults } from "#machinery/derive/defaults";
import type { AnyObject } from "#machinery/schema";
import { formatTime } from "#machinery/time";
import { decodeBody } from "../../negotiation/decode.ts";
import type { Handler } from "../../request/dispatch.ts";
import type { Operation } from "../../request/operation.ts";
import { inNamespace } from "../metadata.ts";
import { writeQueryOf } from "../query.ts";
import { canonical, checkNew, defaulted } from "../rules.ts";

/** A kind that is asked and not stored: the answer is the question with its status. */
export const review =
  <T extends AnyObject>(answer: (question: T, op: Operation) => T | Promise<T>): Handler =>
  async (op, deps) => {
    const { kind, info, body, warn } = op;
    const { resource } = kind;
    const query = writeQueryOf(info.query, "CreateOptions");
    const options = { limits: deps.limits, fieldValidation: query.fieldValidation, warn };
    const sent = decodeBody(body, resource, options) as AnyObject;
    const question = defaulted(resource, inNamespace(sent, resource.namespaced ? info.namespace : ""));
    checkNew(resource, question);
    const object = canonical(resource, await answer(question as T, op));
    return { type: "object", code: 201, object, schema: resource.schema, kind };
  };

/** POST to a service account's `token`. */
export const tokenRequests =
  (issue: (request: TokenRequest, namespace: string, name: string) => Promise<TokenRequest>): Handler =>
  async (op, deps) => {
    const { info, body, warn } = op;
    const query = writeQueryOf(info.query, "CreateOptions");
    const expected = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", schema: TokenRequest };
    const options = { limits: deps.limits, fieldValidation: query.fieldValidation, warn };
    const sent = applyDeclaredDefaults(TokenRequest, decodeBody(body, expected, options) as TokenRequest);
    const admitted = {
      operation: "CREATE",
      object: sent as unknown as AnyObject,
      old: undefined,
      name: info.name,
      options: query,
      dryRun: query.dryRun,
    } as const;
    await deps.admission.admit(op, admitted);
    await deps.admission.validate(op, admitted);
    const issued = await issue(sent, info.namespace, info.name);
    const metadata = {
      ...issued.metadata,
      name: info.name,
      namespace: info.namespace,
      creationTimestamp: issued.metadata.creationTimestamp ?? formatTime(deps.clock.now()),
    };
    return { type: "object", code: 201, object: { ...issued, metadata }, schema: TokenRequest };
  };
