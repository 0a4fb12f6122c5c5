/** Expressions over the claims of a token, and over the user that they make. */
import { declare, type Declaration } from "#machinery/cel/declaration";
import { readAny } from "#machinery/cel/json-values";
import { KUBERNETES_FUNCTIONS } from "#machinery/cel/library/kubernetes";
import { compileProgram, type Program } from "#machinery/cel/program";
import { BOOL, DYN, mapOf, objectType, STRING, type Type } from "#machinery/cel/types";
import { sameType } from "#machinery/cel/unify";
import { isError, type Value } from "#machinery/cel/values";
import type { JsonSchema } from "#machinery/schema";
import type { User } from "../../contracts.ts";

export type Claims = Readonly<Record<string, unknown>>;

const text: JsonSchema = { type: "string" };
const texts: JsonSchema = { type: "array", items: text };

function declareUser(): Declaration {
  const declared = declare({
    type: "object",
    properties: {
      username: text,
      uid: text,
      groups: texts,
      extra: { type: "object", additionalProperties: texts },
    },
  })!;
  const members = new Map(Array.from(declared.fields!, ([name, { type }]): [string, Type] => [name, type]));
  return { ...declared, type: objectType("kubernetes.UserInfo", members) };
}

const USER = declareUser();

const VARIABLES: Readonly<Record<"claims" | "user", Type>> = {
  claims: mapOf(STRING, DYN),
  user: USER.type,
};

/** A text as a program, or what is wrong with it. */
export type Compiled = Program | { readonly error: string };

function compile(expression: string, variable: "claims" | "user", result: Type | undefined): Compiled {
  const program = compileProgram(expression, {
    functions: KUBERNETES_FUNCTIONS,
    variables: new Map([[variable, VARIABLES[variable]]]),
    strict: true,
  });
  if ("errors" in program) return { error: `compilation failed: ${program.errors}` };
  return result === undefined || sameType(result, program.type)
    ? program
    : { error: `must evaluate to ${result.kind}` };
}

/** Of any type: what it gives is looked at when it has been evaluated. */
export const compileClaimMapping = (expression: string): Compiled => compile(expression, "claims", undefined);
export const compileClaimRule = (expression: string): Compiled => compile(expression, "claims", BOOL);
export const compileUserRule = (expression: string): Compiled => compile(expression, "user", BOOL);

/** An expression could not be evaluated, or gave what it must not. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

function evaluate(program: Program, read: () => ReturnType<typeof readAny>): Value {
  const { value } = program.evaluate(read);
  if (isError(value)) throw new ExpressionError(value.message);
  return value;
}

/** Throws ExpressionError. */
export const evaluateClaims = (program: Program, claims: Claims): Value =>
  evaluate(program, () => readAny(claims));

/** Throws ExpressionError. */
export const evaluateUser = (program: Program, { name, uid = "", groups, extra = {} }: User): Value =>
  evaluate(program, () => USER.read({ username: name, uid, groups, extra }));
