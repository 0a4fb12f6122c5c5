/** The controllers of a cluster, with what they need from other rooms. */
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { readCertificateRequest } from "#apiserver/admission/certificate-request";
import { inScope, usageOf } from "#apiserver/admission/quota/usage";
import type { Client } from "#client/client";
import { standardControllers } from "#controllers/standard";
import type { Controller } from "#reconciler/controller";
import type { CertificateAuthority } from "./certificates/authority.ts";
import { isSignerName, signRequest } from "./certificates/signers.ts";

/** A node's part of the pod network: room for as many pods as a /24 has addresses. */
const NODE_PREFIX = 24;

/** Tokens in Secrets live as long as their Secret; this is as long as a token can be asked for. */
const SECRET_TOKEN_SECONDS = 2 ** 32;

export interface ClusterControllersOptions {
  readonly authority: CertificateAuthority;
  readonly podRange: string;
  /** May ask for tokens of any service account. */
  readonly admin: Client;
}

export const clusterControllers = ({
  authority,
  podRange,
  admin,
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
    async signToken({ namespace, name }, secret) {
      const { token } = await admin.createToken(
        ServiceAccount,
        { namespace, name },
        {
          audiences: [],
          expirationSeconds: SECRET_TOKEN_SECONDS,
          boundObjectRef: { kind: "Secret", apiVersion: "v1", ...secret },
        },
      );
      return token;
    },
  });
