/** The certificates of a cluster: who holds each, and what it is good for. */
import type { CertificateRequestFacts } from "./authority.ts";
import type { SubjectNames } from "./certificate.ts";

export interface CertificateProfile {
  /** File name without its ending. */
  readonly name: string;
  readonly authority: "cluster" | "front-proxy";
  readonly facts: CertificateRequestFacts;
}

const YEAR_MS = 365 * 24 * 3600 * 1000;

const USAGES = ["digital signature", "key encipherment"] as const;

const client = (
  name: string,
  commonName: string,
  organizations: readonly string[] = [],
): CertificateProfile => ({
  name,
  authority: "cluster",
  facts: {
    subject: { commonName, organizations },
    usages: USAGES,
    extendedUsages: ["client auth"],
    lifetimeMs: YEAR_MS,
  },
});

export const adminClient = client("admin", "kubernetes-admin", ["system:masters"]);
export const apiServerKubeletClient = client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", [
  "system:masters",
]);

export const kubeletClient = (node: string): CertificateProfile =>
  client(`kubelet-client-${node}`, `system:node:${node}`, ["system:nodes"]);

/** Reads what the service proxy, cluster DNS and pod network of a node need. */
export const NODE_NETWORK_USER = "system:k8ts:node-network";
export const nodeNetworkClient = (node: string): CertificateProfile =>
  client(`node-network-client-${node}`, NODE_NETWORK_USER, ["system:node-proxier"]);

/** The name by which extension servers know that the API server may speak for users. */
export const FRONT_PROXY_NAME = "front-proxy-client";
export const frontProxyClient: CertificateProfile = {
  ...client(FRONT_PROXY_NAME, FRONT_PROXY_NAME),
  authority: "front-proxy",
};

const server = (
  name: string,
  commonName: string,
  names: SubjectNames,
  organizations: readonly string[] = [],
): CertificateProfile => ({
  name,
  authority: "cluster",
  facts: {
    subject: { commonName, organizations },
    names,
    usages: USAGES,
    extendedUsages: ["server auth"],
    lifetimeMs: YEAR_MS,
  },
});

export interface ServingNames extends SubjectNames {
  /** The address of the `kubernetes` Service, the first of the service range; one per family. */
  readonly serviceAddresses: readonly string[];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
}

/** The API server's own: every name that pods, nodes and people know it by. */
export function apiServerServing(names: ServingNames): CertificateProfile {
  const { dns, addresses, serviceAddresses, clusterDomain = "cluster.local" } = names;
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  return server("apiserver", "kube-apiserver", {
    dns: unique([...service, `kubernetes.default.svc.${clusterDomain}`, "localhost", ...dns]),
    addresses: unique([...serviceAddresses, "127.0.0.1", "::1", ...addresses]),
  });
}

export const kubeletServing = (node: string, { dns, addresses }: SubjectNames): CertificateProfile =>
  server(
    `kubelet-serving-${node}`,
    `system:node:${node}`,
    { dns: unique([node, ...dns]), addresses: unique(addresses) },
    ["system:nodes"],
  );

const unique = (values: readonly string[]): string[] => [...new Set(values)];
