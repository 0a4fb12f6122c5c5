import { signerNameProblems } from "#api/certificates-v1/signer-name";
import { problemsOfName } from "#machinery/names";
import { type FieldProblem, invalid } from "#machinery/schema";
import { trustBundleProblems } from "./trust-anchors.ts";

/** What all versions of the kind say. */
interface Bundle {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly signerName?: string; readonly trustBundle: string };
}

export function* bundleProblems({ metadata: { name }, spec }: Bundle): Iterable<FieldProblem> {
  const { signerName = "", trustBundle } = spec;
  for (const problem of problemsOfBundleName(name, signerName)) yield invalid("metadata.name", name, problem);
  if (signerName !== "") yield* signerNameProblems(signerName, "spec.signerName");
  yield* trustBundleProblems(trustBundle, "spec.trustBundle");
}

export function* bundleUpdateProblems({ spec }: Bundle, old: Bundle): Iterable<FieldProblem> {
  if ((spec.signerName ?? "") !== (old.spec.signerName ?? ""))
    yield invalid("spec.signerName", spec.signerName ?? "", "field is immutable");
}

/** Bundles of a signer say so in their names. */
function problemsOfBundleName(name: string, signerName: string): readonly string[] {
  if (signerName === "") {
    return name.includes(":")
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : problemsOfName("dns-subdomain", name);
  }
  const prefix = `${signerName.replaceAll("/", ":")}:`;
  return name.startsWith(prefix)
    ? problemsOfName("dns-subdomain", name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}
