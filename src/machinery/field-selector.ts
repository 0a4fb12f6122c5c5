/** Selection by field: `metadata.name=x,status.phase!=Running`. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** All requirements must hold; none selects everything. */
export type FieldSelector = readonly FieldRequirement[];

/** A text that is no field selector. */
export class FieldSelectorError extends Error {
  override readonly name = "FieldSelectorError";
}

/** `\\`, `\,` and `\=` stand for the character itself. Throws `FieldSelectorError`. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const parts = /^((?:\\.|[^\\=!]|!(?!=))*)(==|!=|=)([^]*)$/.exec(term);
    if (!parts) throw new FieldSelectorError(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, field, operator, value] = parts as unknown as [string, string, string, string];
    requirements.push({ field, operator: operator === "!=" ? "!=" : "=", value: unescaped(value) });
  }
  return requirements;
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === ",") {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescaped(value: string): string {
  let plain = "";
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    if (char === "=" || char === ",") {
      throw new FieldSelectorError(`invalid field selector: unescaped character in value: ${char}`);
    }
    if (char !== "\\") {
      plain += char;
      continue;
    }
    at += 1;
    const next = value[at];
    if (next !== "\\" && next !== "," && next !== "=") {
      throw new FieldSelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ""}`);
    }
    plain += next;
  }
  return plain;
}

/** Does every requirement hold? `valueOf` gives the field's text, empty when unset. */
export const matchesFieldSelector = (selector: FieldSelector, valueOf: (field: string) => string): boolean =>
  selector.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === "="));

/** The inverse of `parseFieldSelector`. */
export const formatFieldSelector = (selector: FieldSelector): string =>
  selector
    .map(
      ({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, (char) => `\\${char}`)}`,
    )
    .join(",");
