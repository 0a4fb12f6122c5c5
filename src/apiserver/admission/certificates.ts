/** Who may ask for certificates, approve them and sign them. */
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { ClusterTrustBundle } from "#api/certificates-v1beta1/clustertrustbundle";
import { invalid } from "#machinery/schema";
import { badRequest, invalidObject } from "#machinery/status";
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

/** A request has to be one, signed by the key that it is about: what cannot be read is nobody's to sign. */
export const certificateRequestValidity: AdmissionPlugin = {
  name: "CertificateRequestValidity",
  handles: (admission) => admission.operation === "CREATE" && isAbout(admission, CertificateSigningRequest),
  async validate(admission) {
    const { spec } = admission.object as CertificateSigningRequest;
    try {
      await readCertificateRequest(new TextDecoder().decode(Uint8Array.fromBase64(spec.request)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const { group, kind } = CertificateSigningRequest;
      throw invalidObject({ group, kind }, admission.name, [invalid("spec.request", spec.request, why)]);
    }
  },
};

/** Bundles of a signer are made by whoever may speak for it. */
export const clusterTrustBundleAttest = (authorizer: Authorizer): AdmissionPlugin => ({
  name: "ClusterTrustBundleAttest",
  handles: ({ operation, resource, subresource }) =>
    (operation === "CREATE" || operation === "UPDATE") &&
    subresource === "" &&
    resource.group === ClusterTrustBundle.group &&
    resource.plural === ClusterTrustBundle.plural,
  async validate(admission) {
    const bundle = admission.object as ClusterTrustBundle;
    const { signerName = "" } = bundle.spec;
    if (signerName === "" || isUntouched(bundle, admission.old as ClusterTrustBundle | undefined)) return;
    if (await mayUseSigner(admission, authorizer, "attest", signerName)) return;
    throw refusal(admission, `user not permitted to attest for signerName ${JSON.stringify(signerName)}`);
  },
});

/** Storing an object anew, and removing it from its owners, says nothing in the signer's name. */
function isUntouched(bundle: ClusterTrustBundle, old: ClusterTrustBundle | undefined): boolean {
  const said = ({ metadata: { labels, annotations }, spec }: ClusterTrustBundle) =>
    JSON.stringify([labels ?? {}, annotations ?? {}, spec]);
  return old !== undefined && said(bundle) === said(old);
}

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
  validate: (admission) => refuseOthers(admission, authorizer, "approve"),
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
    await refuseOthers(admission, authorizer, "sign");
  },
});

async function refuseOthers(
  admission: Admission,
  authorizer: Authorizer,
  verb: "approve" | "sign",
): Promise<void> {
  const { signerName } = (admission.old as CertificateSigningRequest).spec;
  if (await mayUseSigner(admission, authorizer, verb, signerName)) return;
  throw refusal(admission, `user not permitted to ${verb} requests with signerName "${signerName}"`);
}

async function mayUseSigner(
  admission: Admission,
  authorizer: Authorizer,
  verb: "approve" | "attest" | "sign",
  signerName: string,
): Promise<boolean> {
  const domain = signerName.slice(0, signerName.indexOf("/"));
  for (const name of [signerName, `${domain}/*`]) {
    // oxlint-disable-next-line no-await-in-loop -- the second is asked only when the first is refused
    const { verdict } = await authorizer.authorize(admission.user, aboutSigner(verb, name));
    if (verdict === "allow") return true;
  }
  return false;
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
