import { Namespace } from "#api/core-v1/namespace";
import { StatusError } from "#machinery/status";
import type { Admission, AdmissionPlugin, Loopback, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/** Nothing is written into namespaces that are not there, and nothing new into those that are going. */
export function namespaceLifecycle(cache: ReadCache, loopback: () => Loopback): AdmissionPlugin {
  /** The cache may be a moment behind a namespace that was just made. */
  const namespaceOf = async (name: string): Promise<Namespace> =>
    cache.get(Namespace, undefined, name) ??
    ((await loopback().call({ resource: Namespace, name, verb: "get" })) as Namespace);

  return {
    name: "NamespaceLifecycle",
    handles: ({ operation }) => operation !== "CONNECT",
    async admit(admission) {
      const { operation, namespace, name } = admission;
      if (isAbout(admission, Namespace)) {
        if (operation === "DELETE" && IMMORTAL.has(name)) {
          throw refusal(admission, "this namespace may not be deleted");
        }
        return undefined;
      }
      if (namespace === "" || operation === "DELETE" || isReview(admission)) return undefined;
      const found = await namespaceOf(namespace);
      if (operation === "CREATE" && isTerminating(found)) throw terminating(admission);
      return undefined;
    },
  };
}

/** Asking about a namespace writes nothing into it. */
const isReview = ({ resource }: Admission): boolean => resource.group === "authorization.k8s.io";

const isTerminating = ({ metadata, status }: Namespace): boolean =>
  metadata.deletionTimestamp !== undefined || status?.phase === "Terminating";

function terminating(admission: Admission): StatusError {
  const { namespace } = admission;
  const { status } = refusal(
    admission,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  return new StatusError({ ...status, details: { ...status.details, causes: [cause] } });
}
