/** What a mutating policy makes of one object. */
import type { Compiled } from "#api/admissionregistration-v1/expressions";
import type { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import type { MutatingAdmissionPolicy } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicy";
import { atomicsIn } from "#machinery/apply/atomics";
import { mergeApplied } from "#machinery/apply/merge";
import { rootNode } from "#machinery/apply/struct-node";
import { misplacedParts, PATCH, WHOLE_OBJECT } from "#machinery/cel/mutation";
import { NoJson, toJson } from "#machinery/cel/to-json";
import { CelMap, isError, List, type Value } from "#machinery/cel/values";
import { DecodeError, decodeJson, strictDecodingText } from "#machinery/derive/json";
import { applyJsonPatch, TestFailed } from "#machinery/patch/json-patch";
import type { JsonObject } from "#machinery/patch/merge-patch";
import type { AnyObject, Struct } from "#machinery/schema";
import { internalError, StatusError } from "#machinery/status";
import { type Activation, Budget } from "../expressions/activation.ts";
import { acceptedAs, type Changed, schemaOf } from "../mutation/accepted.ts";
import { POLICY_BUDGET } from "./validations.ts";

/** A change cannot be made; the message says why. */
export class ChangeFailed extends Error {
  override readonly name = "ChangeFailed";
}

export interface Mutation {
  readonly type: string;
  readonly expression: string;
  readonly compiled: Compiled;
}

export const compileMutations = (
  { spec: { mutations = [] } }: MutatingAdmissionPolicy,
  compiler: PolicyCompiler,
): readonly Mutation[] =>
  mutations.map(({ patchType, applyConfiguration, jsonPatch }) => {
    const said = patchType === "JSONPatch" ? jsonPatch : applyConfiguration;
    const expression = said?.expression?.trim() ?? "";
    const compiled = compiler.expression(expression, patchType === "JSONPatch" ? PATCH : WHOLE_OBJECT);
    return { type: patchType, expression, compiled };
  });

/** The object after the mutation. Throws ChangeFailed, OutOfBudget, and StatusError for what fails the request as a whole. */
export async function mutated(
  { type, expression, compiled }: Mutation,
  changed: Changed,
  activation: Activation,
): Promise<AnyObject> {
  if ("error" in compiled) throw new ChangeFailed(compiled.error);
  const value = await activation.evaluate(compiled.program, new Budget(POLICY_BUDGET));
  if (isError(value))
    throw new ChangeFailed(`expression '${expression}' resulted in error: ${value.message}`);
  return type === "JSONPatch" ? patched(changed, value) : configured(changed, value);
}

function jsonOf(value: Value): unknown {
  try {
    return toJson(value);
  } catch (error) {
    if (error instanceof NoJson) throw new ChangeFailed(error.message, { cause: error });
    throw error;
  }
}

function checkPlaces(value: Value): void {
  const misplaced = misplacedParts(value);
  if (misplaced !== undefined) throw new ChangeFailed(`type mismatch: ${misplaced}`);
}

/** With a configuration laid over it, as server-side apply merges. */
function configured(changed: Changed, value: Value): AnyObject {
  checkPlaces(value);
  const { object, resource } = changed;
  const { apiVersion, kind } = object;
  const configuration = { ...(jsonOf(value) as JsonObject), apiVersion, kind };
  const schema = schemaOf(object, resource);
  const problem = misfit(schema, configuration);
  if (problem !== undefined) {
    throw new ChangeFailed(
      `error applying patch: failed to convert patch object to typed object: ${problem}`,
    );
  }
  const root = rootNode(schema);
  const atomics = atomicsIn(root, configuration);
  if (atomics.length > 0) {
    const why = `may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`;
    throw new ChangeFailed(`error applying patch: invalid ApplyConfiguration: ${why}`);
  }
  return acceptedAs(changed, mergeApplied(root, object as unknown as JsonObject, configuration));
}

/** What keeps a value from being an object of the schema, even a partial one. */
function misfit(schema: Struct, value: JsonObject): string | undefined {
  const unknown: string[] = [];
  try {
    decodeJson(schema, value, (path) => unknown.push(`.${path}: field not declared in schema`));
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  if (unknown.length === 0) return undefined;
  return unknown.length === 1 ? unknown[0] : `errors:\n${unknown.map((one) => `  ${one}`).join("\n")}`;
}

function patched(changed: Changed, value: Value): AnyObject {
  const { object, resource } = changed;
  const operations = operationsOf(value as List);
  let after: unknown;
  try {
    after = applyJsonPatch(object, operations);
  } catch (error) {
    // Who tests wants to change nothing where the test fails.
    if (error instanceof TestFailed) return object;
    if (!(error instanceof StatusError)) throw error;
    const why = error.status.details?.causes?.[0]?.message ?? error.message;
    throw new ChangeFailed(`JSON Patch: ${why}`, { cause: error });
  }
  const unknown: string[] = [];
  try {
    decodeJson(schemaOf(object, resource), after, (path) => unknown.push(`unknown field "${path}"`));
  } catch (error) {
    if (error instanceof DecodeError) throw internalError(error);
    throw error;
  }
  if (unknown.length > 0) throw internalError(strictDecodingText(unknown));
  return acceptedAs(changed, after);
}

function operationsOf(list: List): readonly unknown[] {
  return Array.from({ length: list.size }, (_, index) => {
    const operation = list.at(index);
    if (isError(operation)) throw new ChangeFailed(operation.message);
    const value = operation instanceof CelMap ? operation.get("value") : undefined;
    if (value !== undefined && !isError(value)) checkPlaces(value);
    return { value: null, ...(jsonOf(operation) as object) };
  });
}
