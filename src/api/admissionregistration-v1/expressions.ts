/** What expressions about writes may mention. */
import { type Declaration, declare } from "#machinery/cel/declaration";
import { AUTHORIZER_TYPE, REQUEST_RESOURCE_TYPE } from "#machinery/cel/library/authorizer";
import { KUBERNETES_FUNCTIONS } from "#machinery/cel/library/kubernetes";
import { MUTATION_FUNCTIONS, MUTATION_OBJECTS } from "#machinery/cel/mutation";
import { compileProgram, type Program } from "#machinery/cel/program";
import { BOOL, DYN, objectType, type ObjectType, printType, type Type } from "#machinery/cel/types";
import { sameType } from "#machinery/cel/unify";
import type { JsonSchema } from "#machinery/schema";

const text: JsonSchema = { type: "string" };
const members = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: "object",
  properties,
});
const texts: JsonSchema = { type: "array", items: text };

const kind = members({ group: text, version: text, kind: text });
const resource = members({ group: text, version: text, resource: text });

/** The request as webhooks are asked about it, without the objects, which are variables of their own. */
const REQUEST = members({
  kind,
  resource,
  subResource: text,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: members({
    username: text,
    uid: text,
    groups: texts,
    extra: { type: "object", additionalProperties: texts },
  }),
  dryRun: { type: "boolean" },
});

function fieldTypes({ fields }: Declaration): [string, Type][] {
  return Array.from(fields!, ([name, { type }]) => [name, type]);
}

function declareRequest(): Declaration {
  const declared = declare(REQUEST)!;
  // Its members go by their own names, where those of schemas are escaped: `request.namespace`.
  const known = fieldTypes(declared).map(([name, type]): [string, Type] => [
    name === "__namespace__" ? "namespace" : name,
    type,
  ]);
  const type = objectType("kubernetes.AdmissionRequest", new Map([...known, ["options", DYN]]));
  return { ...declared, type };
}

/** Reads the variable `request` too. */
export const REQUEST_DECLARATION = declareRequest();

const time: JsonSchema = { type: "string", format: "date-time" };
const textMap: JsonSchema = { type: "object", additionalProperties: text };

/** The namespace of what is written; null for what is in none. */
const NAMESPACE = members({
  metadata: members({
    name: text,
    generateName: text,
    labels: textMap,
    annotations: textMap,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: { type: "integer" },
    generation: { type: "integer" },
    resourceVersion: text,
    finalizers: texts,
  }),
  spec: members({ finalizers: texts }),
  status: members({
    phase: text,
    conditions: {
      type: "array",
      items: members({ type: text, status: text, reason: text, message: text, lastTransitionTime: time }),
    },
  }),
});

/** Reads the variable `namespaceObject` too. */
export const NAMESPACE_DECLARATION: Declaration = declare({ ...NAMESPACE, nullable: true })!;

const REQUEST_AND_PLACE: readonly (readonly [string, Type])[] = [
  ["request", REQUEST_DECLARATION.type],
  ["namespaceObject", objectType("kubernetes.Namespace", new Map(fieldTypes(NAMESPACE_DECLARATION)))],
];
const AUTHORIZER: readonly (readonly [string, Type])[] = [
  ["authorizer", AUTHORIZER_TYPE],
  ["authorizer.requestResource", REQUEST_RESOURCE_TYPE],
];

/** What an expression may mention, and what is known of it. */
export interface Mentions {
  /** Of the object before and after the write, where that is known. */
  readonly object?: Type;
  /** The objects that bindings give to policies, by their type, where that is known. */
  readonly params?: boolean | Type;
  /** By default it may ask the authorizer. */
  readonly authorizer?: boolean;
  /** The variables of a policy, as members of `variables`. */
  readonly variables?: ObjectType;
  /** It may make parts of objects and patches. */
  readonly changes?: boolean;
}

/** An expression as a program, or what is wrong with it. */
export type Compiled = { readonly program: Program } | { readonly error: string };

/** `results`: the types that it may have; without any, all. */
export function compileExpression(
  expression: string,
  { object = DYN, params = false, authorizer = true, variables, changes = false }: Mentions,
  ...results: readonly Type[]
): Compiled {
  const names = new Map<string, Type>([
    ["object", object],
    ["oldObject", object],
    ...REQUEST_AND_PLACE,
    ...(params ? [["params", params === true ? DYN : params] as const] : []),
    ...(authorizer ? AUTHORIZER : []),
    ...(variables ? [["variables", variables] as const] : []),
  ]);
  const program = compileProgram(expression, {
    functions: changes ? MUTATION_FUNCTIONS : KUBERNETES_FUNCTIONS,
    variables: names,
    strict: true,
    ...(changes ? { objects: MUTATION_OBJECTS } : {}),
  });
  if ("errors" in program) return { error: `compilation failed: ${program.errors}` };
  if (results.length === 0 || results.some((type) => sameType(type, program.type))) return { program };
  const wanted = results.length === 1 ? printed(results[0]!) : `one of [${results.map(printed).join(" ")}]`;
  return { error: `must evaluate to ${wanted} but got ${printed(program.type)}` };
}

const printed = (type: Type): string => (type.kind === "null" ? "null_type" : printType(type));

/** What must hold of a write. */
export const compileCondition = (expression: string, mentions: Mentions = {}): Compiled =>
  compileExpression(expression, mentions, BOOL);
