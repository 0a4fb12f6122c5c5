/** Values of JSON as Go prints them: the words of the API have them so. */
import { isObject } from "../patch/merge-patch.ts";

/** A value as `%v` has it. */
export const plain = (value: unknown): string => `&{${plainText(value)}}`;

function plainText(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(plainText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${key}:${plainText(value[key])}`);
  return `map[${members.join(" ")}]`;
}

/** As `%#v` has it. */
export function goSyntax(value: unknown): string {
  if (value === null) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isObject(value)) return typeof value === "string" ? JSON.stringify(value) : String(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${members.join(", ")}}`;
}

/** The name of its type: `%T`. */
export function goType(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : "string";
}
