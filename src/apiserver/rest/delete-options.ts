import { DeleteOptions } from "#api/meta-v1/options";
import { type FieldProblem, invalid, notSupported } from "#machinery/schema";
import { isEnvelope, readEnvelope } from "#machinery/protobuf-envelope";
import { badRequest, invalidObject } from "#machinery/status";
import { decodeBody } from "../negotiation/decode.ts";
import type { Operation } from "../request/operation.ts";
import { isTrue } from "../request/request-info.ts";
import type { RestDeps } from "./deps.ts";

/** How an object is to go. */
export interface Removal {
  /** Undefined: what the kind says. */
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: "Orphan" | "Background" | "Foreground" | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
}

const POLICIES = ["Background", "Foreground", "Orphan"];

/** From the body, or from the query where there is no body. */
export function removalOf({ body, info, warn, kind }: Operation, { limits }: RestDeps): Removal {
  const sent = body.type === "none" || isEmpty(body) ? fromQuery(info.query) : decoded();
  const problems = [...problemsOf(sent)];
  if (problems.length > 0) throw invalidObject({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", problems);
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = sent;
  return {
    gracePeriodSeconds,
    propagationPolicy: propagationPolicy as Removal["propagationPolicy"],
    orphanDependents,
    uid: preconditions?.uid,
    resourceVersion: preconditions?.resourceVersion,
    dryRun: (dryRun?.length ?? 0) > 0 || info.query.get("dryRun") === "All",
  };

  function decoded(): DeleteOptions {
    const value = body.type === "value" ? { ...(body.value as object) } : undefined;
    // Clients send the options under the version of the kind or of the core group: both mean the same.
    const apiVersion = (value as { apiVersion?: string } | undefined)?.apiVersion ?? versionIn(body) ?? "v1";
    if (apiVersion !== "v1" && apiVersion !== "meta.k8s.io/v1" && apiVersion !== kind.resource.apiVersion) {
      throw badRequest(
        `the API version in the data (${apiVersion}) does not match the expected API version (v1)`,
      );
    }
    const expected = { apiVersion, kind: "DeleteOptions", schema: DeleteOptions };
    return decodeBody(body, expected, { limits, fieldValidation: "Ignore", warn }) as DeleteOptions;
  }
}

const isEmpty = (body: Operation["body"]): boolean => body.type === "bytes" && body.bytes.length === 0;

/** The apiVersion in a body; undefined where it is not plainly there. */
function versionIn(body: Operation["body"]): string | undefined {
  if (body.type !== "bytes") return undefined;
  if (body.contentType.includes("protobuf")) return envelopeVersion(body.bytes);
  const text = body.bytes.subarray(0, HEAD_BYTES).toString("latin1");
  return /"?apiVersion"?\s*:\s*"?([\w./-]+)"?/.exec(text)?.[1];
}

const HEAD_BYTES = 512;

/** What cannot be read is refused where the whole body is. */
function envelopeVersion(bytes: Buffer): string | undefined {
  return isEnvelope(bytes) ? readEnvelope(bytes).apiVersion || undefined : undefined;
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const seconds = query.get("gracePeriodSeconds");
  if (seconds !== null && !/^-?\d{1,15}$/.test(seconds)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(seconds)}: invalid syntax`);
  }
  return {
    ...(seconds === null ? {} : { gracePeriodSeconds: Number(seconds) }),
    ...(query.has("propagationPolicy") ? { propagationPolicy: query.get("propagationPolicy")! } : {}),
    ...(query.has("orphanDependents") ? { orphanDependents: isTrue(query.get("orphanDependents")) } : {}),
    dryRun: query.getAll("dryRun").filter((value) => value !== ""),
  };
}

function* problemsOf({ propagationPolicy, orphanDependents, dryRun }: DeleteOptions): Iterable<FieldProblem> {
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    yield invalid(
      "propagationPolicy",
      propagationPolicy,
      "orphanDependents and deletionPropagation cannot be both set",
    );
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    yield notSupported("propagationPolicy", propagationPolicy, [...POLICIES, "nil"]);
  }
  if (dryRun?.some((value) => value !== "All")) yield notSupported("dryRun", dryRun, ["All"]);
}
