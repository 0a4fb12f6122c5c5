/** Objects as the patches of webhooks make them. */
import type { AdmissionResponse } from "#api/admission-v1/admissionreview";
import { JsonError, parseJson } from "#machinery/json";
import { applyJsonPatch } from "#machinery/patch/json-patch";
import type { AnyObject } from "#machinery/schema";
import { internalError, StatusError } from "#machinery/status";
import type { Seen } from "../matching/seen.ts";
import { acceptedAs } from "../mutation/accepted.ts";
import { CallFailure, cannotModify } from "./failures.ts";
import type { Hook } from "./hook.ts";

/**
 * The object that the webhook wants, in the version that it has seen; undefined: it wants no change. What it wants goes on
 * record under the webhook's place among all.
 */
export function patchedBy(
  hook: Hook,
  seen: Seen,
  response: AdmissionResponse,
  place: string,
): AnyObject | undefined {
  const { patch, patchType } = response;
  if (!patch) return undefined;
  const operations = operationsOf(patch);
  if (Array.isArray(operations) && operations.length === 0) return undefined;
  const { object, resource, admission } = seen;
  if (!object) throw cannotModify(hook.name);
  if (patchType !== "JSONPatch") {
    throw new CallFailure(hook.name, `unsupported patch type ${JSON.stringify(patchType)}`);
  }
  const after = acceptedAs({ object, resource, admission }, applied(object, operations));
  const record = {
    configuration: hook.configuration,
    webhook: hook.name,
    patch: operations,
    patchType: "JSONPatch",
  };
  admission.annotate(`patch.webhook.admission.k8s.io/${place}`, JSON.stringify(record), "Request");
  return after;
}

function operationsOf(patch: string): unknown {
  try {
    return parseJson(Buffer.from(patch, "base64"));
  } catch (error) {
    if (error instanceof JsonError) throw internalError(error);
    throw error;
  }
}

function applied(object: AnyObject, operations: unknown): unknown {
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw internalError(error.status.details?.causes?.[0]?.message ?? error.message);
  }
}
