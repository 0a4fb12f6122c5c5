/** Who may ask for certificates, approve them and sign them. */
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { badRequest } from "#machinery/status";
import type { Admission, AdmissionPlugin, Authorizer, RequestInfo } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";
import { readCertificateRequest } from "./certificate-request.ts";

const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";
const ADMIN_GROUP = "system:masters";

/** A request says who made it: the server fills that in, and it stays so. */
export const certificateRequester: AdmissionPlugin = {
  name: "CertificateRequester",
  handles: (admission) =>
    (admission.operation === "CREATE" || admission.operation === "UPDATE") &&
    isAbout(admission, CertificateSigningRequest),
  admit({ object, old, operation, user }) {
    const request = object as CertificateSigningRequest;
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = request.spec;
    if (operation === "UPDATE") return { ...request, spec: (old as CertificateSigningRequest).spec } as never;
    const { name, uid, groups, extra } = user;
    const requester = { username: name, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
    return { ...request, spec: { ...spec, ...requester } } as never;
  },
};

/** Nobody becomes an administrator by certificate. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  handles: (admission) => admission.operation === "CREATE" && isAbout(admission, CertificateSigningRequest),
  async validate(admission) {
    const { spec } = admission.object as CertificateSigningRequest;
    if (spec.signerName !== CLIENT_SIGNER) return;
    const pem = new TextDecoder().decode(Uint8Array.fromBase64(spec.request));
    const { organizations } = await readCertificateRequest(pem).catch((error: unknown) => {
      throw badRequest(
        `unable to parse the certificate signing request: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
    if (organizations.includes(ADMIN_GROUP)) {
      throw refusal(admission, `use of ${CLIENT_SIGNER} signer with ${ADMIN_GROUP} group is not allowed`);
    }
  },
};

export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: "CertificateApproval",
  handles: (admission) =>
    admission.operation === "UPDATE" && isAbout(admission, CertificateSigningRequest, "approval"),
  validate: (admission) => mayUseSigner(admission, authorizer, "approve"),
});

export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: "CertificateSigning",
  handles: (admission) =>
    admission.operation === "UPDATE" && isAbout(admission, CertificateSigningRequest, "status"),
  async validate(admission) {
    const before = (admission.old as CertificateSigningRequest).status;
    const after = (admission.object as CertificateSigningRequest).status;
    const failed = (status: typeof after) =>
      status?.conditions?.some(({ type }) => type === "Failed") ?? false;
    if (before?.certificate === after?.certificate && failed(before) === failed(after)) return;
    await mayUseSigner(admission, authorizer, "sign");
  },
});

async function mayUseSigner(
  admission: Admission,
  authorizer: Authorizer,
  verb: "approve" | "sign",
): Promise<void> {
  const { signerName } = (admission.old as CertificateSigningRequest).spec;
  const domain = signerName.slice(0, signerName.indexOf("/"));
  for (const name of [signerName, `${domain}/*`]) {
    // oxlint-disable-next-line no-await-in-loop -- the second is asked only when the first is refused
    const { verdict } = await authorizer.authorize(admission.user, aboutSigner(verb, name));
    if (verdict === "allow") return;
  }
  throw refusal(admission, `user not permitted to ${verb} requests with signerName "${signerName}"`);
}

const aboutSigner = (verb: string, name: string): RequestInfo => ({
  isResource: true,
  path: "",
  verb,
  group: CertificateSigningRequest.group,
  version: "*",
  resource: "signers",
  subresource: "",
  namespace: "",
  name,
  query: new URLSearchParams(),
});
