/** In which form a client gets its answer. */
import type { RequestInfo } from "../contracts.ts";
import type { FeatureGates } from "../gates.ts";
import type { Exchange } from "../http/exchange.ts";
import {
  LIST_FORMS,
  OBJECT_FORMS,
  PLAIN_FORMS,
  WATCH_FORMS,
  accepted,
  cborForms,
  customForms,
} from "../negotiation/accept.ts";
import { type AnswerForm, includeObjectOf } from "../negotiation/answer-writer.ts";
import { takesGzip } from "../negotiation/compress.ts";
import type { ServedKind } from "../resource-set.ts";
import { isTrue } from "./request-info.ts";

/** Is CBOR spoken at all? */
export const speaksCbor = (gates: FeatureGates): boolean => gates.enabled("CBORServingAndStorage");

const NEVER_TRANSFORMED = new Set(["create", "update", "patch", "delete"]);

/** Throws NotAcceptable when there is none that the client takes. */
export function formOf(
  exchange: Exchange,
  { verb, query, subresource }: RequestInfo,
  { resource, storage }: ServedKind,
  gates: FeatureGates,
): AnswerForm {
  const isCustom = resource.schema.rules.structural !== undefined;
  // A review is an answer and no object.
  const isReview = verb === "create" && storage === undefined;
  const forms =
    verb === "watch"
      ? WATCH_FORMS
      : verb === "list" || verb === "deletecollection"
        ? LIST_FORMS
        : isReview || (subresource !== "" && subresource !== "status" && !NEVER_TRANSFORMED.has(verb))
          ? PLAIN_FORMS
          : OBJECT_FORMS;
  const possible = isCustom ? customForms(forms) : forms;
  return {
    ...accepted(exchange.header("accept"), speaksCbor(gates) ? cborForms(possible) : possible),
    pretty: isPretty(exchange, query),
    includeObject: includeObjectOf(query),
    gzip: gates.enabled("APIResponseCompression") && takesGzip(exchange.header("accept-encoding")),
  };
}

/** For people who look at it with their own eyes. */
function isPretty(exchange: Exchange, query: URLSearchParams): boolean {
  const wanted = query.get("pretty");
  if (wanted !== null) return isTrue(wanted);
  const agent = exchange.header("user-agent") ?? "";
  return agent.startsWith("curl/") || agent.startsWith("Wget/") || agent.startsWith("Mozilla/5.0");
}
