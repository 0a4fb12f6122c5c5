import { parseJson, stringifyJson } from "#machinery/json";
import { type AnyObject, isJson, type Json, sorted } from "./objects.ts";

/** Where `apply` keeps what the file said last time. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

export interface Applied {
  readonly object: AnyObject;
}

/** The object with its own text in its annotations. */
export function withLastApplied(object: AnyObject): Applied {
  const { [LAST_APPLIED]: _old, ...annotations } = object.metadata.annotations ?? {};
  const plain = { ...object, metadata: { ...object.metadata, annotations } };
  const text = `${stringifyJson(sorted(plain))}\n`;
  return {
    object: {
      ...object,
      metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } },
    },
  };
}

/** Undefined when the object was not applied before. */
export function lastAppliedOf({ metadata }: AnyObject): Json | undefined {
  const text = metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  const parsed = parseJson(text);
  return isJson(parsed) ? parsed : undefined;
}
