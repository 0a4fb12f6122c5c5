/** Approves the requests of kubelets that may have one, signs what is approved, and clears away what is done. */
import { SubjectAccessReview } from "#api/authorization-v1/subjectaccessreview";
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { Node } from "#api/core-v1/node";
import { formatTime } from "#machinery/time";
import { type Controller, controller, type Pass } from "#reconciler/controller";
import {
  type Asked,
  expiresAtMs,
  isApproved,
  isRefused,
  isSigned,
  KUBELET_SERVING,
  rightsFor,
} from "./plan.ts";

/** Cryptography comes from outside. */
export interface Signing {
  /** What the request asks for; throws when it cannot be read. */
  readonly read: (csr: CertificateSigningRequest) => Promise<Asked>;
  readonly signs: (signerName: string) => boolean;
  readonly sign: (
    csr: CertificateSigningRequest,
    nowMs: number,
  ) => Promise<
    | { readonly type: "signed"; readonly certificate: string }
    | { readonly type: "refused"; readonly why: string }
  >;
  /** Approves serving certificates of kubelets too, where they ask for no more than the node's own addresses. */
  readonly approveServing: boolean;
}

type Csr = CertificateSigningRequest;

export const certificateRequests = (signing: Signing): Controller =>
  controller({
    name: "certificate",
    watches: CertificateSigningRequest,
    reads: [Node],
    writes: [
      { kind: CertificateSigningRequest, verbs: ["update"], subresource: "approval" },
      { kind: CertificateSigningRequest, verbs: ["delete"] },
      { kind: SubjectAccessReview, verbs: ["create"] },
    ],
    rights: [{ apiGroups: ["certificates.k8s.io"], resources: ["signers"], verbs: ["approve", "sign"] }],

    async reconcile(csr, pass) {
      const { write, clock } = pass;
      const leftMs = expiresAtMs(csr) - clock.now();
      if (leftMs <= 0) return void (await write.remove(CertificateSigningRequest, csr));
      const open = signing.signs(csr.spec.signerName) && !isRefused(csr) && !isSigned(csr);
      if (open && isApproved(csr)) await sign(csr, signing, pass);
      else if (open) await approve(csr, signing, pass);
      return Number.isFinite(leftMs) ? { afterMs: leftMs } : undefined;
    },
  });

async function approve(csr: Csr, signing: Signing, pass: Pass): Promise<void> {
  const asked = await signing.read(csr).catch(() => undefined);
  if (!asked) return;
  const message = await reasonToApprove(csr, asked, signing, pass);
  if (message === undefined) return;
  const now = formatTime(pass.clock.now());
  const condition = {
    type: "Approved",
    status: "True",
    reason: "AutoApproved",
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] };
  const approved = { ...csr, status };
  await pass.client.updateSubresource(CertificateSigningRequest, approved, "approval", {
    signal: pass.signal,
  });
}

async function reasonToApprove(
  csr: Csr,
  asked: Asked,
  signing: Signing,
  pass: Pass,
): Promise<string | undefined> {
  for (const right of rightsFor(csr, asked)) {
    if (await isAllowed(csr, right.subresource, pass)) return right.message;
  }
  const isServing = csr.spec.signerName === KUBELET_SERVING && csr.spec.username === asked.commonName;
  return signing.approveServing && isServing && isOwn(asked, pass)
    ? "The names and addresses are the node's own."
    : undefined;
}

async function isAllowed({ spec }: Csr, subresource: string, { client, signal }: Pass): Promise<boolean> {
  const review = await client.create(
    SubjectAccessReview,
    {
      spec: {
        user: spec.username ?? "",
        ...(spec.uid ? { uid: spec.uid } : {}),
        ...(spec.groups ? { groups: spec.groups } : {}),
        ...(spec.extra ? { extra: spec.extra } : {}),
        resourceAttributes: {
          group: "certificates.k8s.io",
          resource: "certificatesigningrequests",
          verb: "create",
          subresource,
        },
      },
    },
    { signal },
  );
  return review.status.allowed;
}

function isOwn({ commonName, dns, addresses }: Asked, { cache }: Pass): boolean {
  const name = commonName.replace(/^system:node:/, "");
  const node = cache(Node).get(undefined, name);
  const known = new Set([name, ...(node?.status.addresses ?? []).map(({ address }) => address)]);
  return node !== undefined && [...dns, ...addresses].every((asked) => known.has(asked));
}

async function sign(csr: Csr, signing: Signing, { write, clock }: Pass): Promise<void> {
  const answer = await signing.sign(csr, clock.now());
  if (answer.type === "signed") {
    const certificate = Buffer.from(answer.certificate, "utf8").toString("base64");
    await write.status(CertificateSigningRequest, csr, { ...csr.status, certificate });
    return;
  }
  const now = formatTime(clock.now());
  const condition = {
    type: "Failed",
    status: "True",
    reason: "SignerValidationFailure",
    message: answer.why,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const conditions = [...(csr.status?.conditions ?? []), condition];
  await write.status(CertificateSigningRequest, csr, { ...csr.status, conditions });
}
