/**
 * Signs the public ConfigMap by which new nodes find the cluster, with every bootstrap token: whoever has one knows
 * that the cluster's address and authority are genuine.
 */
import { createHmac } from "node:crypto";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { Secret } from "#api/core-v1/secret";
import { type Controller, controller, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { endsAtMs, isBootstrapToken, signingToken, type SigningToken } from "./token.ts";

const NAMESPACE = "kube-public";
const NAME = "cluster-info";
const CONTENT = "kubeconfig";
const SIGNATURE = "jws-kubeconfig-";

export const bootstrapSigner: Controller = controller({
  name: "bootstrap-signer",
  watches: Namespace,
  matters: () => false,
  wakes: [
    wake(ConfigMap, ({ metadata }) =>
      metadata.name === NAME && metadata.namespace === NAMESPACE ? [NAMESPACE] : [],
    ),
    wake(Secret, (secret) => (isBootstrapToken(secret) ? [NAMESPACE] : [])),
  ],
  writes: [{ kind: ConfigMap, verbs: ["update"] }],

  async reconcile({ metadata: { name } }, { cache, write, clock }) {
    if (name !== NAMESPACE) return;
    const info = cache(ConfigMap).get(NAMESPACE, NAME);
    if (!info || info.metadata.deletionTimestamp) return;
    const secrets = [...cache(Secret).list("kube-system")].filter(isBootstrapToken);
    const now = clock.now();
    const tokens = secrets.flatMap((secret) => signingToken(secret, now) ?? []);
    const data = withSignatures(info.data ?? {}, tokens);
    if (!sameJson(data, info.data ?? {})) await write.update(ConfigMap, { ...info, data });
    const next = Math.min(...secrets.map(endsAtMs).filter((endMs) => endMs > now));
    return Number.isFinite(next) ? { afterMs: next - now } : undefined;
  },
});

/** Those of tokens that are gone are taken away. */
function withSignatures(
  data: Readonly<Record<string, string>>,
  tokens: readonly SigningToken[],
): Readonly<Record<string, string>> {
  const content = data[CONTENT];
  const others = Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE));
  const signatures =
    content === undefined
      ? []
      : tokens.map((token) => [SIGNATURE + token.id, detachedSignature(content, token)]);
  return Object.fromEntries([...others, ...signatures] as [string, string][]);
}

/** A JWS of HS256 without its middle, which is the content itself. */
export function detachedSignature(content: string, { id, secret }: SigningToken): string {
  const head = Buffer.from(JSON.stringify({ alg: "HS256", kid: id })).toString("base64url");
  const payload = Buffer.from(content, "utf8").toString("base64url");
  const signature = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
  return `${head}..${signature}`;
}
