/** Keeps a ServiceAccount named `default` in every namespace: pods that name none run as it. */
import { Namespace } from "#api/core-v1/namespace";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { hasReason } from "#machinery/status";
import { controller, wake } from "#reconciler/controller";

const NAME = "default";

export const serviceAccounts = controller({
  name: "service-account",
  watches: Namespace,
  matters: () => false,
  wakes: [
    wake(
      ServiceAccount,
      ({ metadata: { name, namespace = "" } }) => (name === NAME ? [namespace] : []),
      () => false,
    ),
  ],
  writes: [{ kind: ServiceAccount, verbs: ["create"] }],

  async reconcile(namespace, { cache, write }) {
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp || cache(ServiceAccount).get(name, NAME)) return;
    try {
      await write.create(ServiceAccount, { metadata: { name: NAME, namespace: name } });
    } catch (error) {
      if (!hasReason(error, "AlreadyExists", "NotFound", "Forbidden")) throw error;
    }
  },
});
