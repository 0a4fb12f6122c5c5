/** Scales, also by apply and in CBOR. */
import type { Random } from "#base/random";
import { asBody } from "./cbor.ts";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

/** Changed replica counts, also by apply, and with what no scale may hold. */
export function scale(random: Random): Made {
  const kind = pick(random, [
    "deployments/deployment",
    "statefulsets/set",
    "replicasets/replicas",
    "daemonsets/daemons",
  ]);
  const body = {
    apiVersion: pick(random, ["autoscaling/v1", "autoscaling/v1", "autoscaling/v2", "apps/v1"]),
    kind: pick(random, ["Scale", "Scale", "Deployment"]),
    metadata: {
      name: pick(random, [kind.split("/")[1], "other", ""]),
      managedFields: pick(random, [undefined, [{}], null]),
    },
    spec: { replicas: pick<unknown>(random, [0, 1, 2, -1, 2 ** 31, "3", null, 1.5]) },
    status: { replicas: 5 },
  };
  const method = pick(random, ["PATCH", "PUT", "PATCH"]);
  const made = asBody(random, body);
  const type = pick(random, [
    "application/apply-patch+yaml",
    "application/merge-patch+json",
    "application/apply-patch+cbor",
  ]);
  return {
    method,
    path: `/apis/apps/v1/namespaces/fuzz/${kind}/scale?fieldManager=scaler${pick(random, ["", "&force=true", "&dryRun=All"])}`,
    body: made.body,
    headers: method === "PATCH" ? { "content-type": type } : made.headers,
  };
}
