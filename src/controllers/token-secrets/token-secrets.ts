/** Fills Secrets of type service-account-token, and deletes them with their account. */
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { keyOf } from "#client/address";
import { type Caches, type Controller, controller, wake } from "#reconciler/controller";

const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT = "kubernetes.io/service-account.name";
const ACCOUNT_UID = "kubernetes.io/service-account.uid";

export interface TokenSecretOptions {
  readonly caBundle: string;
  /** Signs a token for the account that lives as long as the Secret. */
  readonly sign: (
    account: { readonly namespace: string; readonly name: string; readonly uid: string },
    secret: { readonly name: string; readonly uid: string },
  ) => Promise<string>;
}

export const tokenSecrets = ({ caBundle, sign }: TokenSecretOptions): Controller =>
  controller({
    name: "tokens",
    watches: Secret,
    wakes: [wake(ServiceAccount, secretsOf)],
    writes: [{ kind: Secret, verbs: ["update", "delete"] }],

    async reconcile(secret, { cache, write, client, signal }) {
      if (secret.type !== TYPE || secret.metadata.deletionTimestamp) return;
      const { namespace = "", name, uid, annotations = {} } = secret.metadata;
      const account = cache(ServiceAccount).get(namespace, annotations[ACCOUNT] ?? "");
      const wantedUid = annotations[ACCOUNT_UID];
      if (!account || (wantedUid !== undefined && wantedUid !== account.metadata.uid)) {
        // The cache may only be behind: an account made a moment ago must not cost its Secret.
        const at = { namespace, name: annotations[ACCOUNT] ?? "" };
        const live = at.name === "" ? undefined : await client.find(ServiceAccount, at, { signal });
        if (live && (wantedUid === undefined || wantedUid === live.metadata.uid)) return { afterMs: 1_000 };
        await write.remove(Secret, secret);
        return;
      }
      const data = secret.data ?? {};
      const ca = encode(caBundle);
      if (data.token && data.namespace && data["ca.crt"] === ca && wantedUid !== undefined) return;
      const owner = { namespace, name: account.metadata.name, uid: account.metadata.uid };
      const token = data.token ?? encode(await sign(owner, { name, uid }));
      await write.update(Secret, {
        ...secret,
        metadata: {
          ...secret.metadata,
          annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid },
        },
        data: { ...data, token, namespace: encode(namespace), "ca.crt": ca },
      });
    },
  });

const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");

function* secretsOf(
  { metadata: { namespace = "", name } }: ServiceAccount,
  { cache }: Caches,
): Iterable<string> {
  for (const secret of cache(Secret).list(namespace)) {
    if (secret.type === TYPE && secret.metadata.annotations?.[ACCOUNT] === name) yield keyOf(secret);
  }
}
