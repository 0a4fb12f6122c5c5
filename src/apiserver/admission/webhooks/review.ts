/** The question that webhooks are asked, and what counts as an answer. */
import { AdmissionReview, type AdmissionResponse } from "#api/admission-v1/admissionreview";
import { DecodeError, decodeJson } from "#machinery/derive/json";
import { JsonError, parseJson } from "#machinery/json";
import { requestOf } from "../matching/request.ts";
import type { Seen } from "../matching/seen.ts";
import type { ReviewVersion } from "./hook.ts";

const GROUP = "admission.k8s.io";
const KIND = "AdmissionReview";

export const reviewOf = (version: ReviewVersion, uid: string, seen: Seen): object => ({
  kind: KIND,
  apiVersion: `${GROUP}/${version}`,
  request: { uid, ...requestOf(seen), object: seen.object ?? null, oldObject: seen.old ?? null },
});

/** What came back is no answer; the message says why. */
export class InvalidResponse extends Error {
  override readonly name = "InvalidResponse";
}

/** What came back cannot be read. */
export class UnreadableResponse extends Error {
  override readonly name = "UnreadableResponse";
}

/** Whatever was sent as an AdmissionReview. Throws UnreadableResponse. */
export function decodeReview(bytes: Uint8Array): AdmissionReview {
  try {
    return decodeJson<AdmissionReview>(AdmissionReview, parseJson(bytes));
  } catch (error) {
    if (error instanceof DecodeError) throw new UnreadableResponse(error.message);
    if (!(error instanceof JsonError)) throw error;
    throw new UnreadableResponse(`couldn't get version/kind; json parse error: ${error.message}`);
  }
}

/** The answer to the question with this uid. Throws InvalidResponse. */
export function responseOf(
  { kind = "", apiVersion = "", response }: AdmissionReview,
  {
    version,
    uid,
    mutates,
  }: { readonly version: ReviewVersion; readonly uid: string; readonly mutates: boolean },
): AdmissionResponse {
  const isFirm = version === "v1";
  if (isFirm && (apiVersion !== `${GROUP}/v1` || kind !== KIND)) {
    const got = `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
    throw new InvalidResponse(`expected webhook response of ${GROUP}/v1, Kind=${KIND}, got ${got}`);
  }
  if (!response) throw new InvalidResponse("webhook response was absent");
  if (!isFirm)
    return mutates && response.patch ? { ...response, patchType: "JSONPatch" } : withoutPatch(response);
  if (response.uid !== uid) {
    const [wanted, got] = [uid, response.uid].map((text) => JSON.stringify(text));
    throw new InvalidResponse(`expected response.uid=${wanted}, got ${got}`);
  }
  const { patch, patchType } = response;
  if (mutates) {
    if (patch && patchType === undefined)
      throw new InvalidResponse("webhook returned response.patch but not response.patchType");
    if (!patch && patchType !== undefined)
      throw new InvalidResponse("webhook returned response.patchType but not response.patch");
    if (patchType === "") throw new InvalidResponse(`webhook returned invalid response.patchType of ""`);
  } else {
    if (patch) throw new InvalidResponse("validating webhook may not return response.patch");
    if (patchType !== undefined)
      throw new InvalidResponse("validating webhook may not return response.patchType");
  }
  return response;
}

function withoutPatch(given: AdmissionResponse): AdmissionResponse {
  const { patch: _, patchType: __, ...response } = given;
  return response;
}
