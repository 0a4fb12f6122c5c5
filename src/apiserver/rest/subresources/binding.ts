import { Binding } from "#api/core-v1/binding";
import { Pod } from "#api/core-v1/pod";
import { Status as StatusKind } from "#api/meta-v1/status";
import { present } from "#base/assert";
import { type AnyObject, type FieldProblem, notSupported, required } from "#machinery/schema";
import { badRequest, conflict, invalidObject } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { decodeBody } from "../../negotiation/decode.ts";
import type { Handler } from "../../request/dispatch.ts";
import type { Answer } from "../../request/operation.ts";
import { changeDirectly } from "../direct.ts";
import { inNamespace } from "../metadata.ts";
import { writeQueryOf } from "../query.ts";

const BINDINGS = { group: "", plural: "pods/binding" };

/** POST of a Binding: gives a pod its node, once. */
export const bind: Handler = async (op, deps) => {
  const { info, body, warn } = op;
  const query = writeQueryOf(info.query, "CreateOptions");
  const expected = { apiVersion: "v1", kind: "Binding", schema: Binding.schema };
  const decoded = decodeBody(body, expected, {
    limits: deps.limits,
    fieldValidation: query.fieldValidation,
    warn,
  });
  const sent = inNamespace(decoded as Binding, info.namespace);
  const name = info.name || sent.metadata.name;
  if (sent.metadata.name && sent.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  const asked = {
    operation: "CREATE",
    object: sent,
    old: undefined,
    name,
    options: query,
    dryRun: query.dryRun,
  } as const;
  const binding = (await deps.admission.admit(op, asked)) as Binding;
  const problems = [...problemsOf(binding)];
  if (problems.length > 0) throw invalidObject({ group: "", kind: "Binding" }, name, problems);
  await deps.admission.validate(op, { ...asked, object: binding });
  const now = formatTime(deps.clock.now());
  await changeDirectly({
    kind: present(deps.kinds.of(Pod), "the kind Pod"),
    namespace: info.namespace,
    name,
    dryRun: query.dryRun,
    change: (pod) => bound(pod as Pod, binding, now) as AnyObject,
  });
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  return { type: "object", code: 201, object: status, schema: StatusKind } satisfies Answer;
};

function* problemsOf({ target }: Binding): Iterable<FieldProblem> {
  if (target.kind && target.kind !== "Node")
    yield notSupported("target.kind", target.kind, ["Node", "<empty>"]);
  if (!target.name) yield required("target.name");
}

function bound(pod: Pod, { metadata, target }: Binding, now: string): Pod {
  const { name, uid, resourceVersion } = pod.metadata;
  const refuse = (why: string) => conflict(BINDINGS, name, why);
  if (metadata.uid && metadata.uid !== uid) {
    throw refuse(`Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`);
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion) {
    throw refuse(
      `Precondition failed: ResourceVersion in precondition: ${metadata.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    );
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec.nodeName)
    throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: now };
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(metadata.annotations
        ? { annotations: { ...pod.metadata.annotations, ...metadata.annotations } }
        : {}),
      ...(metadata.labels ? { labels: { ...pod.metadata.labels, ...metadata.labels } } : {}),
    },
    spec: { ...pod.spec, nodeName: target.name },
    status: { ...pod.status, conditions: [...others, scheduled] },
  } as Pod;
}
