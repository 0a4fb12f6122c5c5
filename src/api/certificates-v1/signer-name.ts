import { type NameFormat, problemsOfName } from "#machinery/names";
import { type FieldProblem, invalid, tooLong } from "#machinery/schema";

const DOMAIN_LENGTH_MAX = 253;
/** As long as a name with its namespace may be, which signers of custom kinds have here. */
const PATH_LENGTH_MAX = 317;

/** Names of signers are a domain and a path, `example.com/signer`. */
export function* signerNameProblems(name: string, path: string): Iterable<FieldProblem> {
  const parts = name.split("/");
  const [domain = "", rest = ""] = parts;
  if (parts.length !== 2) {
    yield invalid(
      path,
      name,
      "must be a fully qualified domain and path of the form 'example.com/signer-name'",
    );
    return;
  }
  if (domain.length > DOMAIN_LENGTH_MAX) yield tooLong(path, DOMAIN_LENGTH_MAX);
  yield* labelProblems(domain, "dns-label", path);
  if (!domain.includes("."))
    yield invalid(path, domain, "should be a domain with at least two segments separated by dots");
  if (rest.length > PATH_LENGTH_MAX) yield tooLong(path, PATH_LENGTH_MAX);
  yield* labelProblems(rest, "dns-subdomain", path);
}

function* labelProblems(text: string, format: NameFormat, path: string): Iterable<FieldProblem> {
  for (const label of text.split("."))
    for (const problem of problemsOfName(format, label))
      yield invalid(path, text, `validating label ${JSON.stringify(label)}: ${problem}`);
}
