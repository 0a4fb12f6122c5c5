import type { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { parseTime } from "#machinery/time";

export const KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
export const KUBELET_SERVING = "kubernetes.io/kubelet-serving";

const HOUR_MS = 3_600_000;
/** How long requests stay once they are decided, and while they are not. */
const DECIDED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

/** What a request asks to have certified. */
export interface Asked {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

const holds = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;

export const isApproved = (csr: CertificateSigningRequest): boolean => holds(csr, "Approved");
export const isRefused = (csr: CertificateSigningRequest): boolean =>
  holds(csr, "Denied") || holds(csr, "Failed");
export const isSigned = ({ status }: CertificateSigningRequest): boolean => Boolean(status?.certificate);

/** The rights, below `certificatesigningrequests`, that let a request through by itself. */
export function rightsFor({ spec }: CertificateSigningRequest, { commonName }: Asked): readonly string[] {
  if (spec.signerName !== KUBELET_CLIENT) return [];
  return spec.username === commonName ? ["selfnodeclient", "nodeclient"] : ["nodeclient"];
}

/** When the request is to be deleted, in epoch milliseconds; one that waits for its signer stays: Infinity. */
export function expiresAtMs(csr: CertificateSigningRequest): number {
  const created = parseTime(csr.metadata.creationTimestamp);
  const decided = csr.status?.conditions?.find(
    ({ type }) => type === "Approved" || type === "Denied" || type === "Failed",
  );
  if (!decided) return created + PENDING_MS;
  if (!isRefused(csr) && !isSigned(csr)) return Infinity;
  return (decided.lastUpdateTime ? parseTime(decided.lastUpdateTime) : created) + DECIDED_MS;
}
