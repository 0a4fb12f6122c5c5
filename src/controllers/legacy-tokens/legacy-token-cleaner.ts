/** Marks tokens in Secrets that nobody has used for a year as invalid, and deletes them after another. */
import { ConfigMap } from "#api/core-v1/configmap";
import { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { formatTime, parseTime } from "#machinery/time";
import { type Caches, type Controller, controller } from "#reconciler/controller";

const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT = "kubernetes.io/service-account.name";
const LAST_USED = "kubernetes.io/legacy-token-last-used";
const INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";
const NAMESPACE = "kube-system";
/** Says since when the API server has put down which tokens are used. */
const TRACKING = "kube-apiserver-legacy-service-account-token-tracking";

const DAY_MS = 24 * 3600 * 1000;
const UNUSED_MS = 365 * DAY_MS;

export const legacyTokenCleaner: Controller = controller({
  name: "legacy-service-account-token-cleaner",
  watches: Secret,
  reads: [ServiceAccount, Pod, ConfigMap],
  writes: [{ kind: Secret, verbs: ["update", "delete"] }],

  async reconcile(secret, { cache, clock, write }) {
    if (secret.type !== TYPE || secret.metadata.deletionTimestamp || !isGenerated(secret, { cache })) return;
    const since = dayMs(cache(ConfigMap).get(NAMESPACE, TRACKING)?.data?.since);
    const plan = planToken(secret, since, clock.now());
    if (plan.type === "wait") return { afterMs: plan.afterMs };
    // Pods come and go without a word to the Secrets that they mount.
    if (isMounted(secret, { cache })) return { afterMs: DAY_MS };
    const { labels = {}, uid, resourceVersion } = secret.metadata;
    if (plan.type === "delete") {
      await write.remove(Secret, secret, { preconditions: { uid, resourceVersion } });
      return;
    }
    const marked = { ...secret.metadata, labels: { ...labels, [INVALID_SINCE]: plan.day } };
    await write.update(Secret, { ...secret, metadata: marked });
  },
});

export type Plan =
  | { readonly type: "wait"; readonly afterMs: number }
  | { readonly type: "mark"; readonly day: string }
  | { readonly type: "delete" };

/** `sinceMs`: when it was begun to put down which tokens are used; undefined: not yet. */
export function planToken(
  { metadata: { labels = {}, creationTimestamp } }: Secret,
  sinceMs: number | undefined,
  nowMs: number,
): Plan {
  if (sinceMs === undefined) return { type: "wait", afterMs: DAY_MS };
  const invalidMs = dayMs(labels[INVALID_SINCE]);
  const usedMs = dayMs(labels[LAST_USED]);
  const lastMs = Math.max(sinceMs, parseTime(creationTimestamp), usedMs ?? 0, invalidMs ?? 0);
  const leftMs = lastMs + UNUSED_MS - nowMs;
  if (leftMs > 0) return { type: "wait", afterMs: leftMs };
  if (invalidMs !== undefined) return { type: "delete" };
  return { type: "mark", day: formatTime(nowMs).slice(0, "2006-01-02".length) };
}

/** Those that somebody has made on purpose stay: only the ones that their account lists were made by the cluster. */
function isGenerated(
  { metadata: { name, namespace, annotations = {} } }: Secret,
  { cache }: Caches,
): boolean {
  const account = cache(ServiceAccount).get(namespace, annotations[ACCOUNT] ?? "");
  return account?.secrets?.some((reference) => reference.name === name) ?? false;
}

function isMounted({ metadata: { name, namespace } }: Secret, { cache }: Caches): boolean {
  for (const { spec } of cache(Pod).list(namespace))
    if (spec.volumes?.some(({ secret }) => secret?.secretName === name)) return true;
  return false;
}

/** `2006-01-02` in epoch milliseconds; undefined when it is no day. */
function dayMs(day: string | undefined): number | undefined {
  if (day === undefined) return undefined;
  try {
    return parseTime(`${day}T00:00:00Z`);
  } catch {
    return undefined;
  }
}
