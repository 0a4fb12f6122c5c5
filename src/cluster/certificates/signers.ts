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
  /** Says what is wrong with the request. */
  readonly problem: (request: CertificateRequest, asker: string) => string | undefined;
}

const NODE_USER = "system:node:";
const NODES = "system:nodes";
const KEY_USAGES: readonly KeyUsage[] = ["digital signature", "key encipherment"];
const DAY_SECONDS = 24 * 3600;
const LIFETIME_SECONDS = 365 * DAY_SECONDS;
const LIFETIME_SECONDS_MIN = 600;

const isNode = ({ commonName, organizations }: CertificateRequest): boolean =>
  commonName.startsWith(NODE_USER) && organizations.length === 1 && organizations[0] === NODES;

const hasNames = ({ dns, addresses, others }: CertificateRequest): boolean =>
  dns.length + addresses.length + others.length > 0;

const SIGNERS: Readonly<Record<SignerName, Signer>> = {
  "kubernetes.io/kube-apiserver-client": { required: "client auth", problem: () => undefined },
  "kubernetes.io/kube-apiserver-client-kubelet": {
    required: "client auth",
    problem(request) {
      if (!isNode(request)) return "subject is not a node's";
      return hasNames(request) ? "no subject alternative names are allowed" : undefined;
    },
  },
  "kubernetes.io/kubelet-serving": {
    required: "server auth",
    problem(request, asker) {
      if (!isNode(request)) return "subject is not a node's";
      if (request.commonName !== asker) return "a node may only ask for itself";
      if (request.others.length > 0) return "only DNS names and IP addresses are allowed";
      return hasNames(request) ? undefined : "at least one DNS name or IP address is required";
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
  let request: CertificateRequest;
  try {
    request = await readCertificateRequest(new TextDecoder().decode(Uint8Array.fromBase64(spec.request)));
  } catch (error) {
    return refused(`the request cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const problem = signer.problem(request, spec.username ?? "");
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
