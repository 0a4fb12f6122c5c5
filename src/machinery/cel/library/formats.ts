/** Kubernetes' named formats of texts. */
import { problemsOfName, problemsOfNamePrefix } from "#machinery/names";
import { Library } from "../function-table.ts";
import { checksFormat } from "../pricing.ts";
import { ArrayList, isError, Opaque, Optional, type Value } from "../values.ts";
import { parseTimestamp } from "./time.ts";
import { parseUrl } from "./url.ts";

class Format extends Opaque {
  readonly typeName = "kubernetes.NamedFormat";
  readonly name: string;
  /** How long a pattern for the format would be, for its price. */
  readonly patternLength: number;
  readonly problemsOf: (text: string) => readonly string[];
  constructor(name: string, patternLength: number, problemsOf: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.patternLength = patternLength;
    this.problemsOf = problemsOf;
  }
  equals(other: Opaque): boolean {
    return other === this;
  }
}

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

const only =
  (fits: (text: string) => boolean, problem: string) =>
  (text: string): readonly string[] =>
    fits(text) ? [] : [problem];

const isDate = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !isError(parseTimestamp(`${text}T00:00:00Z`));

function problemsOfUri(text: string): readonly string[] {
  const parsed = parseUrl(text);
  return typeof parsed === "string" ? [parsed] : [];
}

const FORMATS: ReadonlyMap<string, Format> = new Map(
  (
    [
      ["dns1123Label", 30, (text) => problemsOfName("dns-label", text)],
      ["dns1123Subdomain", 60, (text) => problemsOfName("dns-subdomain", text)],
      ["dns1035Label", 30, (text) => problemsOfName("dns-1035-label", text)],
      ["qualifiedName", 60, (text) => problemsOfName("qualified-name", text)],
      ["dns1123LabelPrefix", 30, (text) => problemsOfNamePrefix("dns-label", text)],
      ["dns1123SubdomainPrefix", 60, (text) => problemsOfNamePrefix("dns-subdomain", text)],
      ["dns1035LabelPrefix", 30, (text) => problemsOfNamePrefix("dns-1035-label", text)],
      ["labelValue", 40, (text) => problemsOfName("label-value", text)],
      ["uri", 1600, problemsOfUri],
      ["uuid", 90, only((text) => UUID.test(text), "does not match the UUID format")],
      ["byte", 100, only((text) => BASE64.test(text), "invalid base64")],
      ["date", 140, only(isDate, "invalid date")],
      ["datetime", 140, only((text) => !isError(parseTimestamp(text)), "invalid datetime")],
    ] as const satisfies readonly (readonly [string, number, (text: string) => readonly string[]])[]
  ).map(([name, patternLength, problemsOf]) => [name, new Format(name, patternLength, problemsOf)]),
);

const patternLength = (format: Value): number => (format instanceof Format ? format.patternLength : 0);

export const formats = new Library()
  .add(
    "format.named!(string) -> optional_type(kubernetes.NamedFormat)",
    (name: string) => new Optional(FORMATS.get(name)),
  )
  .add(
    "kubernetes.NamedFormat.validate(string) -> optional_type(list(string))",
    (format: Format, text: string) => {
      const problems = format.problemsOf(text);
      return problems.length === 0 ? Optional.none : new Optional(new ArrayList(problems));
    },
    checksFormat(patternLength),
  );

for (const [name, format] of FORMATS)
  formats.add(`format.${name}!() -> kubernetes.NamedFormat`, () => format);
