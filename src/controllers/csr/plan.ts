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

/** A right, below `certificatesigningrequests`, that lets a request through by itself, and what is said then. */
export interface ApprovingRight {
  readonly subresource: string;
  readonly message: string;
}

const SELF: ApprovingRight = {
  subresource: "selfnodeclient",
  message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
};
const ANY: ApprovingRight = {
  subresource: "nodeclient",
  message: "Auto approving kubelet client certificate after SubjectAccessReview.",
};

const NODE_USER = "system:node:";
const USAGES = ["client auth", "digital signature"];
const WITH_ENCIPHERMENT = ["client auth", "digital signature", "key encipherment"];

/** None for what is no client certificate of a node: people decide about it. */
export function rightsFor({ spec }: CertificateSigningRequest, asked: Asked): readonly ApprovingRight[] {
  const { commonName, organizations, dns, addresses } = asked;
  const usages = (spec.usages ?? []).toSorted().join();
  const isNodeClient =
    spec.signerName === KUBELET_CLIENT &&
    commonName.startsWith(NODE_USER) &&
    organizations.join() === "system:nodes" &&
    dns.length + addresses.length === 0 &&
    (usages === USAGES.join() || usages === WITH_ENCIPHERMENT.join());
  if (!isNodeClient) return [];
  return spec.username === commonName ? [SELF, ANY] : [ANY];
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
