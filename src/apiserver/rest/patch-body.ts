/** What a patch is sent as. */
import { present } from "#base/assert";
import { JsonError, parseJson } from "#machinery/json";
import { badRequest, unsupportedMediaType } from "#machinery/status";
import { YamlError, parseYaml } from "#machinery/yaml";
import { mediaTypeOf } from "../negotiation/decode.ts";
import type { Operation } from "../request/operation.ts";
import type { RestDeps } from "./deps.ts";
import type { WriteQuery } from "./query.ts";

export const JSON_PATCH = "application/json-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";
export const PATCH_TYPES = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];
/** Custom kinds do not say how their lists are merged in a strategic patch. */
export const CUSTOM_PATCH_TYPES = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH];

export interface PatchBody {
  readonly value: unknown;
  /** Complaints about fields that it has twice; the last of them counts. */
  readonly duplicates: readonly string[];
}

/** Looks for what is said twice unless nobody wants to know. */
export function bodyValue(
  { body }: Operation,
  type: string,
  { limits }: RestDeps,
  fieldValidation: WriteQuery["fieldValidation"],
): PatchBody {
  if (body.type === "value") return { value: body.value, duplicates: [] };
  const { bytes } = present(body.type === "bytes" ? body : undefined, "the body of a patch");
  const duplicates: string[] = [];
  const looks = fieldValidation !== "Ignore";
  const onDuplicate = (path: string) => void duplicates.push(`duplicate field ${JSON.stringify(path)}`);
  try {
    const value =
      type === APPLY_PATCH
        ? parseYaml(bytes, looks ? { onDuplicate: (text) => void duplicates.push(text) } : {})
        : parseJson(bytes, { maxDepth: limits.bodyDepthMax, ...(looks ? { onDuplicate } : {}) });
    return { value, duplicates };
  } catch (error) {
    if (error instanceof JsonError) throw badRequest(`error decoding patch: ${error.message}`);
    if (error instanceof YamlError)
      throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}

/** Throws for a type that is not among those that are known here. */
export function typeOf({ body }: Operation, known: readonly string[]): string {
  const type = body.type === "none" ? "" : mediaTypeOf(body.contentType);
  if (known.includes(type)) return type;
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${known.join(", ")}`,
  );
}
