/**
 * Signs what a CertificateSigningRequest asks for. Whether it may is for approvers to say; what a signer never signs
 * is refused here.
 */
import type { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { type CertificateRequest, readCertificateRequest } from "#apiserver/admission/certificate-request";
import type { CertificateAuthority } from "./authority.ts";
import type { ExtendedUsage, KeyUsage } from "./certificate.ts";

export type SignerName =
  | "kubernetes.io/kube-apiserver-client"
  | "kubernetes.io/kube-apiserver-client-kubelet"
  | "kubernetes.io/kubelet-serving";

interface Signer {
  readonly required: ExtendedUsage;
  /** Must the certificate be good for signatures? */
  readonly signs: boolean;
  /** Says what is wrong with the request. */
  readonly problem: (request: CertificateRequest) => string | undefined;
}

const NODE_USER = "system:node:";
const NODES = "system:nodes";
const KEY_USAGES: readonly KeyUsage[] = ["digital signature", "key encipherment"];
const DAY_SECONDS = 24 * 3600;
const LIFETIME_SECONDS = 365 * DAY_SECONDS;
const LIFETIME_SECONDS_MIN = 600;

function subjectProblem({ commonName, organizations }: CertificateRequest): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== NODES) return `subject organization is not ${NODES}`;
  return commonName.startsWith(NODE_USER)
    ? undefined
    : `subject common name does not begin with ${NODE_USER}`;
}

const SIGNERS: Readonly<Record<SignerName, Signer>> = {
  "kubernetes.io/kube-apiserver-client": {
    required: "client auth",
    signs: false,
    problem: () => undefined,
  },
  "kubernetes.io/kube-apiserver-client-kubelet": {
    required: "client auth",
    signs: true,
    problem(request) {
      if (request.dns.length > 0) return "DNS subjectAltNames are not allowed";
      if (request.addresses.length > 0) return "IP subjectAltNames are not allowed";
      if (request.others.length > 0) return "Email and URI subjectAltNames are not allowed";
      return subjectProblem(request);
    },
  },
  "kubernetes.io/kubelet-serving": {
    required: "server auth",
    signs: true,
    problem(request) {
      const { dns, addresses, others } = request;
      if (dns.length + addresses.length === 0) return "DNS or IP subjectAltName is required";
      if (others.length > 0) return "Email and URI subjectAltNames are not allowed";
      return subjectProblem(request);
    },
  },
};

export const isSignerName = (name: string): name is SignerName => Object.hasOwn(SIGNERS, name);

export type Signature =
  /** PEM, as it goes into `status.certificate` in base64. */
  | { readonly type: "signed"; readonly certificate: string }
  | { readonly type: "refused"; readonly why: string };

/** `nowMs`: epoch milliseconds. Requests of other signers are refused. */
export async function signRequest(
  authority: CertificateAuthority,
  { spec }: CertificateSigningRequest,
  nowMs: number,
): Promise<Signature> {
  if (!isSignerName(spec.signerName))
    return refused(`no signer of this cluster is called ${spec.signerName}`);
  const signer = SIGNERS[spec.signerName];
  const usages = spec.usages ?? [];
  const known = [...KEY_USAGES, signer.required] as readonly string[];
  const unknown = usages.find((usage) => !known.includes(usage));
  if (unknown !== undefined) return refused(`usage ${JSON.stringify(unknown)} is not allowed`);
  if (!usages.includes(signer.required))
    return refused(`usage ${JSON.stringify(signer.required)} is required`);
  if (signer.signs && !usages.includes("digital signature"))
    return refused('usage "digital signature" is required');
  let request: CertificateRequest;
  try {
    request = await readCertificateRequest(new TextDecoder().decode(Uint8Array.fromBase64(spec.request)));
  } catch (error) {
    return refused(`the request cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const problem = signer.problem(request);
  if (problem !== undefined) return refused(problem);
  const { commonName, organizations, dns, addresses } = request;
  const seconds = Math.max(LIFETIME_SECONDS_MIN, spec.expirationSeconds ?? LIFETIME_SECONDS);
  const certificate = authority.sign(
    {
      subject: { commonName, organizations },
      names: { dns, addresses },
      usages: KEY_USAGES.filter((usage) => usages.includes(usage)),
      extendedUsages: [signer.required],
      lifetimeMs: Math.min(seconds, LIFETIME_SECONDS) * 1000,
    },
    request.publicKey,
    nowMs,
  );
  return { type: "signed", certificate };
}

const refused = (why: string): Signature => ({ type: "refused", why });
