/** Keeps a ConfigMap with the cluster's CA in every namespace: by it pods know the API server. */
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { hasReason } from "#machinery/status";
import { type Controller, controller, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";

const NAME = "kube-root-ca.crt";
const KEY = "ca.crt";
const DESCRIPTION = "kubernetes.io/description";
const DESCRIPTION_TEXT =
  "The CA of this cluster's API server, as seen at kubernetes.default.svc. For no other use.";

/** `caBundle`: PEM of one or more certificates. */
export const rootCas = (caBundle: string): Controller =>
  controller({
    name: "root-ca-certificate-publisher",
    watches: Namespace,
    matters: () => false,
    wakes: [wake(ConfigMap, ({ metadata: { name, namespace = "" } }) => (name === NAME ? [namespace] : []))],
    writes: [{ kind: ConfigMap, verbs: ["create", "update"] }],

    async reconcile(namespace, { cache, write }) {
      const { name, deletionTimestamp } = namespace.metadata;
      if (deletionTimestamp) return;
      const data = { [KEY]: caBundle };
      const known = cache(ConfigMap).get(name, NAME);
      if (known && sameJson(known.data, data)) return;
      try {
        if (known) await write.update(ConfigMap, { ...known, data });
        else {
          const annotations = { [DESCRIPTION]: DESCRIPTION_TEXT };
          await write.create(ConfigMap, { metadata: { name: NAME, namespace: name, annotations }, data });
        }
      } catch (error) {
        if (!hasReason(error, "AlreadyExists", "NotFound", "Forbidden")) throw error;
      }
    },
  });
