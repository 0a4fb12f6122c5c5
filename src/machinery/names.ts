/** The forms that names, keys and the like must have, with the API's words for what is wrong. */

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/** Longer texts are not matched at all; every form is shorter. Characters. */
const MATCHED_LENGTH_MAX = 4096;

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);

/** `MESSAGE (e.g. 'a',  or 'b', regex used for validation is 'PATTERN')` */
function patternText(message: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}'`).join(",  or ");
  return examples.length === 0
    ? `${message} (regex used for validation is '${pattern}')`
    : `${message} (e.g. ${shown}, regex used for validation is '${pattern}')`;
}

const tooLong = (max: number): string =>
  max === 1 ? "must be no more than 1 character" : `must be no more than ${max} characters`;

const EMPTY = "must be non-empty";

interface Form {
  readonly pattern: RegExp;
  readonly message: string;
  readonly lengthMax?: number;
}

const form = (
  pattern: string,
  lengthMax: number | undefined,
  message: string,
  ...examples: string[]
): Form => ({
  pattern: whole(pattern),
  message: patternText(message, pattern, ...examples),
  ...(lengthMax === undefined ? {} : { lengthMax }),
});

const matches = (pattern: RegExp, text: string): boolean =>
  text.length <= MATCHED_LENGTH_MAX && pattern.test(text);

function problemsOfForm({ pattern, message, lengthMax }: Form, text: string): string[] {
  const problems: string[] = [];
  if (lengthMax !== undefined && text.length > lengthMax) problems.push(tooLong(lengthMax));
  if (!matches(pattern, text)) problems.push(message);
  return problems;
}

const label = form(
  LABEL,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  "my-name",
  "123-abc",
);
const subdomain = form(
  SUBDOMAIN,
  253,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  "example.com",
);
const label1035 = form(
  LABEL_1035,
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "my-name",
  "abc-123",
);
const wildcard = form(
  `\\*\\.${SUBDOMAIN}`,
  253,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  "*.example.com",
);
const labelValue = form(
  `(${QUALIFIED})?`,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "MyValue",
  "my_value",
  "12345",
);
const QUALIFIED_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_EXAMPLES = ["MyName", "my.name", "123-abc"];
const qualifiedPart = form(QUALIFIED, 63, QUALIFIED_MESSAGE, ...QUALIFIED_EXAMPLES);
const configKey = form(
  "[-._a-zA-Z0-9]+",
  253,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  "key.name",
  "KEY_NAME",
  "key-name",
);
const percent = form(
  "[0-9]+%",
  undefined,
  "a valid percent string must be a numeric string followed by an ending '%'",
  "1%",
  "93%",
);
const headerName = form(
  "[-A-Za-z0-9]+",
  undefined,
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  "X-Header-Name",
);
const cIdentifier = form(
  "[A-Za-z_][A-Za-z0-9_]*",
  undefined,
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  "my_name",
  "MY_NAME",
  "MyName",
);

/** Label, annotation, taint and finalizer keys: `[subdomain/]name`. */
function problemsOfQualified(text: string): string[] {
  const slash = text.indexOf("/");
  if (slash !== text.lastIndexOf("/")) {
    const message = `a qualified name ${QUALIFIED_MESSAGE}`;
    const shown = patternText(message, QUALIFIED, ...QUALIFIED_EXAMPLES);
    return [`${shown} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const problems: string[] = [];
  if (slash === 0) problems.push(`prefix part ${EMPTY}`);
  else if (slash > 0) {
    for (const problem of problemsOfForm(subdomain, text.slice(0, slash)))
      problems.push(`prefix part ${problem}`);
  }
  const name = text.slice(slash + 1);
  if (name === "") problems.push(`name part ${EMPTY}`);
  for (const problem of problemsOfForm(qualifiedPart, name)) problems.push(`name part ${problem}`);
  return problems;
}

function problemsOfConfigKey(text: string): string[] {
  const problems = problemsOfForm(configKey, text);
  if (text === ".") problems.push("must not be '.'");
  else if (text === "..") problems.push("must not be '..'");
  else if (text.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

/** What can stand as one segment of a URL's path. */
function problemsOfPathSegment(text: string): string[] {
  if (text === ".") return ["may not be '.'"];
  if (text === "..") return ["may not be '..'"];
  return ["/", "%"].filter((char) => text.includes(char)).map((char) => `may not contain '${char}'`);
}

function problemsOfPortName(text: string): string[] {
  const problems: string[] = [];
  if (text.length > 15) problems.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(text)) {
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(text)) problems.push("must contain at least one letter (a-z)");
  if (text.includes("--")) problems.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems;
}

function problemsOfEnvName(text: string): string[] {
  if (text === "") return ["environment variable name must be non-empty"];
  return /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const problemsOfUuid = (text: string): string[] =>
  UUID.test(text) ? [] : ["must be a lowercase UUID in 8-4-4-4-12 format"];

/** `domain/name` outside Kubernetes' own domain, and so that `requests.` fits in front. */
function problemsOfExtendedResource(text: string): string[] {
  const own = !text.includes("/") || text.includes("kubernetes.io/") || text.startsWith("requests.");
  if (own)
    return [
      "a valid extended resource name must be outside of the kubernetes.io domain and not start with 'requests.'",
    ];
  return problemsOfQualified(`requests.${text}`);
}

/** `domain/identifier`. */
function problemsOfFullyQualified(text: string): string[] {
  const slash = text.indexOf("/");
  if (slash < 0) return ["a fully qualified name must be a domain and a name separated by a slash"];
  const problems = problemsOfForm(subdomain, text.slice(0, slash));
  const name = text.slice(slash + 1);
  if (name.length > 32) problems.push(tooLong(32));
  return [...problems, ...problemsOfForm(cIdentifier, name)];
}

/** Subdomains, separated by slashes. */
function problemsOfPoolName(text: string): string[] {
  if (text === "") return ["must not be empty"];
  if (text.length > 253) return [tooLong(253)];
  return text.split("/").flatMap((part) => problemsOfForm(subdomain, part));
}

const FORMATS = {
  "dns-label": (text: string) => problemsOfForm(label, text),
  "dns-subdomain": (text: string) => problemsOfForm(subdomain, text),
  "dns-1035-label": (text: string) => problemsOfForm(label1035, text),
  "dns-subdomain-caseless": (text: string) => problemsOfForm(subdomain, text.toLowerCase()),
  "wildcard-subdomain": (text: string) => problemsOfForm(wildcard, text),
  "qualified-name": problemsOfQualified,
  "label-key": problemsOfQualified,
  "label-value": (text: string) => problemsOfForm(labelValue, text),
  "config-key": problemsOfConfigKey,
  "path-segment": problemsOfPathSegment,
  "port-name": problemsOfPortName,
  "env-name": problemsOfEnvName,
  percent: (text: string) => problemsOfForm(percent, text),
  "header-name": (text: string) => problemsOfForm(headerName, text),
  "c-identifier": (text: string) => problemsOfForm(cIdentifier, text),
  uuid: problemsOfUuid,
  "extended-resource-name": problemsOfExtendedResource,
  "resource-fully-qualified-name": problemsOfFullyQualified,
  "resource-pool-name": problemsOfPoolName,
} as const satisfies Record<string, (text: string) => string[]>;

/** A form that `problemsOfName` knows. */
export type NameFormat = keyof typeof FORMATS;

/** What is wrong with the text, in the API's words; empty when nothing is. */
export const problemsOfName = (format: NameFormat, text: string): readonly string[] => FORMATS[format](text);

/** As `problemsOfName` for the start of a generated name: it may end with hyphens. */
export const problemsOfNamePrefix = (format: NameFormat, text: string): readonly string[] =>
  problemsOfName(
    format,
    text.replace(/-+$/, "") === "" ? text : text.replace(/-+$/, (end) => `${end.slice(1)}a`),
  );

/** `must be between 1 and 65535, inclusive`, or nothing. */
export const problemsOfPort = (port: number): readonly string[] =>
  Number.isInteger(port) && port >= 1 && port <= 65_535 ? [] : ["must be between 1 and 65535, inclusive"];
