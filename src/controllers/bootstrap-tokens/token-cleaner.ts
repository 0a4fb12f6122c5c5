/** Deletes bootstrap tokens when their time is over. */
import { Secret } from "#api/core-v1/secret";
import { type Controller, controller } from "#reconciler/controller";
import { endsAtMs, isBootstrapToken } from "./token.ts";

export const tokenCleaner: Controller = controller({
  name: "token-cleaner",
  watches: Secret,
  writes: [{ kind: Secret, verbs: ["delete"] }],

  async reconcile(secret, { clock, write }) {
    if (!isBootstrapToken(secret) || secret.metadata.deletionTimestamp) return;
    const leftMs = endsAtMs(secret) - clock.now();
    if (leftMs === Infinity) return;
    if (leftMs > 0) return { afterMs: leftMs };
    const { uid, resourceVersion } = secret.metadata;
    await write.remove(Secret, secret, { preconditions: { uid, resourceVersion } });
  },
});
