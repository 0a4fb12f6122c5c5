import { formatYaml } from "#machinery/yaml";
import type { KeyPair } from "./authority.ts";
import { writeSecret } from "./certificate-store.ts";

export interface KubeconfigFacts {
  /** Names the cluster and, with the user, the context. */
  readonly cluster: string;
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM of the cluster's authority. */
  readonly authority: string;
  readonly user: string;
  readonly credentials: KeyPair | { readonly token: string };
  readonly namespace?: string;
}

/** A kubeconfig (YAML) with everything inside it, as kubectl and all client libraries read it. */
export function formatKubeconfig(facts: KubeconfigFacts): string {
  const { cluster, server, authority, user, credentials, namespace } = facts;
  const context = `${user}@${cluster}`;
  return formatYaml({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { "certificate-authority-data": base64(authority), server } }],
    contexts: [
      { name: context, context: { cluster, user, ...(namespace === undefined ? {} : { namespace }) } },
    ],
    "current-context": context,
    preferences: {},
    users: [{ name: user, user: userEntry(credentials) }],
  });
}

/** Writes it whole, readable by its owner only. */
export const writeKubeconfig = (path: string, facts: KubeconfigFacts): Promise<void> =>
  writeSecret(path, formatKubeconfig(facts), { durable: false });

const userEntry = (credentials: KubeconfigFacts["credentials"]): Readonly<Record<string, string>> =>
  "token" in credentials
    ? credentials
    : {
        "client-certificate-data": base64(credentials.certificate),
        "client-key-data": base64(credentials.key),
      };

const base64 = (text: string): string => new TextEncoder().encode(text).toBase64();
