import type { FieldProblem } from "./types.ts";

/** The words of field errors; how they become text is `machinery/status`. */
export const required = (path: string, detail = ""): FieldProblem => ({ type: "required", path, detail });

export const invalid = (path: string, value: unknown, detail: string): FieldProblem => ({
  type: "invalid",
  path,
  value,
  detail,
});

export const typeInvalid = (path: string, value: unknown, detail: string): FieldProblem => ({
  type: "typeInvalid",
  path,
  value,
  detail,
});

export const forbidden = (path: string, detail: string): FieldProblem => ({
  type: "forbidden",
  path,
  detail,
});

export const duplicate = (path: string, value: unknown): FieldProblem => ({
  type: "duplicate",
  path,
  value,
  detail: "",
});

export const notFound = (path: string, value: unknown): FieldProblem => ({
  type: "notFound",
  path,
  value,
  detail: "",
});

export const notSupported = (path: string, value: unknown, supported: readonly string[]): FieldProblem => ({
  type: "notSupported",
  path,
  value,
  detail:
    supported.length === 0
      ? ""
      : `supported values: ${supported
          .toSorted()
          .map((name) => `"${name}"`)
          .join(", ")}`,
});

export const tooLong = (path: string, bytesMax: number): FieldProblem => ({
  type: "tooLong",
  path,
  detail: `may not be more than ${bytesMax} ${bytesMax === 1 ? "byte" : "bytes"}`,
});

export const tooMany = (path: string, actual: number, itemsMax: number): FieldProblem => ({
  type: "tooMany",
  path,
  value: actual,
  detail: `must have at most ${itemsMax} ${itemsMax === 1 ? "item" : "items"}`,
});

/** `spec` and `replicas` to `spec.replicas`; an empty parent vanishes. */
export const at = (parent: string, field: string): string => (parent === "" ? field : `${parent}.${field}`);
/** `spec.ports` and 2 to `spec.ports[2]`. */
export const item = (parent: string, index: number): string => `${parent}[${index}]`;
/** `metadata.labels` and a key to `metadata.labels[key]`. */
export const entry = (parent: string, key: string): string => `${parent}[${key}]`;
