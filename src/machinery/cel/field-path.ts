/** `fieldPath` of a rule: `.spec.name` or `.labels['a.b']`, below the place where the rule stands. */
import type { JsonSchema } from "../schema.ts";

const STEP = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/;

interface Step {
  readonly name: string;
  readonly quoted: boolean;
}

/** The steps, or what is wrong with the text. */
function stepsOf(text: string): readonly Step[] | string {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== "") {
    const match = STEP.exec(rest);
    if (!match) {
      if (rest === "." || rest === "[") return "unexpected end of JSON path";
      return rest.startsWith("[")
        ? `expected single quoted string but got ${rest.slice(1).split(/[[\].]/, 1)[0]}`
        : `expected [ or . but got: ${rest.split(/[[\].]/, 1)[0]}`;
    }
    const [all, plain, quoted] = match;
    steps.push({ name: plain ?? quoted!.replaceAll(/\\(.)/g, "$1"), quoted: plain === undefined });
    rest = rest.slice(all.length);
  }
  return steps;
}

/** As errors show it: without the leading dot. */
export function normalizedFieldPath(text: string): string {
  const steps = stepsOf(text);
  if (typeof steps === "string") return "";
  const dotted = (name: string): boolean => /^[^.[\]']+$/.test(name);
  return steps
    .map(({ name, quoted }, index) =>
      quoted && !dotted(name) ? `[${name}]` : index === 0 ? name : `.${name}`,
    )
    .join("");
}

/** What is wrong with the path in this schema; undefined when nothing is. */
export function problemOfFieldPath(text: string, schema: JsonSchema): string | undefined {
  const steps = stepsOf(text);
  if (typeof steps === "string") return steps;
  let place = schema;
  for (const { name } of steps) {
    const values = place.additionalProperties;
    const member = place.properties
      ? place.properties[name]
      : typeof values === "object"
        ? values
        : undefined;
    if (!member) return "does not refer to a valid field";
    place = member;
  }
  return undefined;
}
