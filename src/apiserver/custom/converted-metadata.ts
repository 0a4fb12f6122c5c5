/** What a conversion webhook may say about an object beside its content: labels and annotations, if they are some. */
import { goType } from "#machinery/apply/go-text";
import { annotationProblems, labelProblems } from "#machinery/object-meta-validation";
import { stringifyJson } from "#machinery/json";
import { isObject } from "#machinery/patch/merge-patch";
import { sameJson } from "#machinery/same-json";
import type { AnyObject } from "#machinery/schema";
import { problemText } from "#machinery/status";

type Metadata = AnyObject["metadata"];
type Texts = Readonly<Record<string, string>>;

const FIELDS = ["labels", "annotations"] as const;
const PROBLEMS = { labels: labelProblems, annotations: annotationProblems } as const;

/** Which object it is: not for a webhook to say. */
const IDENTITY = ["name", "namespace", "uid"] as const;

/** The object's own metadata with the webhook's labels and annotations. Throws an Error that says what is wrong with these. */
export function convertedMetadata(given: unknown, own: Metadata): Metadata {
  if (given === undefined) throw new Error("missing metadata in converted object");
  if (!isObject(given)) throw new Error(`invalid metadata of type ${typeOf(given)} in converted object`);
  for (const field of IDENTITY) {
    const [text, wanted] = [given[field] ?? "", own[field] ?? ""];
    if (text !== wanted)
      throw new Error(`must have the same ${field}: ${stringifyJson(text)} != ${stringifyJson(wanted)}`);
  }
  let metadata = own;
  for (const field of FIELDS) {
    const texts = textsIn(given[field], field);
    if (sameJson(texts ?? {}, own[field] ?? {})) continue;
    const problems = Array.from(PROBLEMS[field](texts, `metadata.${field}`));
    if (problems.length > 0)
      throw new Error(problems.map((problem) => `${problem.path}: ${problemText(problem)}`).join(", "));
    const { [field]: _, ...rest } = metadata;
    metadata = texts ? { ...rest, [field]: texts } : rest;
  }
  return metadata;
}

/** As Go names it. */
const typeOf = (value: unknown): string =>
  typeof value === "number" ? (Number.isInteger(value) ? "int64" : "float64") : goType(value);

function textsIn(given: unknown, field: string): Texts | undefined {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given))
    throw new Error(`invalid metadata.${field} of type ${typeOf(given)} in converted object`);
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== "string")
      throw new Error(
        `metadata.${field}[${key}] must be a string, but is ${typeOf(value)} in converted object`,
      );
  }
  return given as Texts;
}
