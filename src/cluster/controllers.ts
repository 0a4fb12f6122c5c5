/** The controllers of a cluster, with what they need from other rooms. */
import type { KeyObject } from "node:crypto";
import { readCertificateRequest } from "#apiserver/admission/certificate-request";
import { inScope, usageOf } from "#apiserver/admission/quota/usage";
import { signLegacyToken } from "#apiserver/authentication/legacy-token";
import { TokenKeys } from "#apiserver/authentication/token-keys";
import { standardControllers } from "#controllers/standard";
import type { Controller } from "#reconciler/controller";
import type { CertificateAuthority } from "./certificates/authority.ts";
import { isSignerName, signRequest } from "./certificates/signers.ts";

/** A node's part of the pod network: room for as many pods as a /24 has addresses. */
const NODE_PREFIX = 24;

export interface ClusterControllersOptions {
  readonly authority: CertificateAuthority;
  readonly podRange: string;
  /** Signs the tokens of Secrets. */
  readonly serviceAccountKey: KeyObject;
}

export const clusterControllers = ({
  authority,
  podRange,
  serviceAccountKey,
}: ClusterControllersOptions): readonly Controller[] =>
  standardControllers({
    caBundle: authority.certificate,
    podRanges: [{ cidr: podRange, nodePrefix: NODE_PREFIX }],
    quotaRules: { usageOf, inScope },
    signing: {
      read: ({ spec }) => readCertificateRequest(Buffer.from(spec.request, "base64").toString()),
      signs: isSignerName,
      sign: (request, nowMs) => signRequest(authority, request, nowMs),
      approveServing: false,
    },
    signToken: (account, secret) =>
      signLegacyToken(new TokenKeys(serviceAccountKey), { ...account, secret: secret.name }),
  });
