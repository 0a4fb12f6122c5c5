/** The dialect of JSONPath that definitions of custom kinds use: members, indexes, `[*]` and simple filters. */

type Step =
  | { readonly type: "member"; readonly name: string }
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "all" }
  | {
      readonly type: "filter";
      readonly path: readonly Step[];
      readonly operator: string;
      readonly value: unknown;
    };

export class JsonPathError extends Error {
  override readonly name = "JsonPathError";
}

export type JsonPath = (value: unknown) => unknown[];

/** Compiles `.status.conditions[?(@.type=="Ready")].status`. Throws JsonPathError. */
export function compileJsonPath(text: string): JsonPath {
  const steps = stepsOf(text);
  return (value) =>
    steps.reduce<unknown[]>((found, step) => found.flatMap((one) => taken(one, step)), [value]);
}

const MEMBER = /\.((?:\\.|[^.[\\])+)/y;
const QUOTED = /\[(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\]/y;
const INDEX = /\[(-?\d+)\]/y;
const ALL = /\[\*\]|\.\*/y;
const FILTER =
  /\[\?\(\s*@((?:\.(?:\\.|[^.[\\=<>! )])+)*)\s*(?:(==|!=|<=|>=|<|>)\s*('[^']*'|"[^"]*"|[^\s)]+)\s*)?\)\]/y;

function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < text.length;) {
    const match = (pattern: RegExp) => {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found) at = pattern.lastIndex;
      return found;
    };
    let found: RegExpExecArray | null;
    if (match(ALL)) steps.push({ type: "all" });
    else if ((found = match(MEMBER))) steps.push({ type: "member", name: unescaped(found[1]!) });
    else if ((found = match(QUOTED))) steps.push({ type: "member", name: unescaped(found[1] ?? found[2]!) });
    else if ((found = match(INDEX))) steps.push({ type: "index", index: Number(found[1]) });
    else if ((found = match(FILTER))) steps.push(filterOf(found));
    else if (text === ".") break;
    else throw new JsonPathError(`unrecognized character in action at ${JSON.stringify(text.slice(at))}`);
  }
  return steps;
}

const filterOf = ([, path = "", operator = "", literal = ""]: RegExpExecArray): Step => ({
  type: "filter",
  path: stepsOf(path),
  operator,
  value: literalOf(literal),
});

function literalOf(text: string): unknown {
  if (/^['"]/.test(text)) return text.slice(1, -1);
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, "$1");

function taken(value: unknown, step: Step): unknown[] {
  switch (step.type) {
    case "member":
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case "index": {
      const one: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return one === undefined ? [] : [one];
    }
    case "all":
      if (Array.isArray(value)) return value;
      return isObject(value) ? Object.values(value) : [];
    case "filter": {
      const list = Array.isArray(value) ? (value as unknown[]) : [];
      return list.filter((one) => {
        const [found] = step.path.reduce<unknown[]>(
          (all, inner) => all.flatMap((each) => taken(each, inner)),
          [one],
        );
        return step.operator === "" ? found !== undefined : holds(found, step.operator, step.value);
      });
    }
  }
}

function holds(found: unknown, operator: string, wanted: unknown): boolean {
  if (operator === "==") return found === wanted;
  if (operator === "!=") return found !== undefined && found !== wanted;
  if (typeof found !== typeof wanted || (typeof found !== "number" && typeof found !== "string"))
    return false;
  const [left, right] = [found as number, wanted as number];
  if (operator === "<") return left < right;
  if (operator === ">") return left > right;
  return operator === "<=" ? left <= right : left >= right;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
