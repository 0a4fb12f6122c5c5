import {
  type CertificateSigningRequest,
  decisionProblems,
} from "#api/certificates-v1/certificatesigningrequest";
import type { Namespace } from "#api/core-v1/namespace";
import type { Pod } from "#api/core-v1/pod";
import { podResizeProblems } from "#api/core-v1/pod-resize";
import { formatTime } from "#machinery/time";
import { type AnyObject, forbidden, type Resource } from "#machinery/schema";
import { invalidObject } from "#machinery/status";
import { decodeBody } from "../../negotiation/decode.ts";
import type { SubresourceHandlers } from "../../request/dispatch.ts";
import { get } from "../get.ts";
import { patch } from "../patch.ts";
import { writeQueryOf } from "../query.ts";
import { checkStanding, refuse } from "../rules.ts";
import { type Part, checkedName, updateObject } from "../update.ts";

const TRIES = 100;

/** Read, replace and patch of one part of an object. */
const writing = (part: Part): SubresourceHandlers => ({
  get: (op, { limits }) => get(op, limits),
  patch: (op, deps) => patch(op, deps, part),
  update(op, deps) {
    const query = writeQueryOf(op.info.query, "UpdateOptions");
    const options = { limits: deps.limits, fieldValidation: query.fieldValidation, warn: op.warn };
    const candidate = checkedName(op, decodeBody(op.body, op.kind.resource, options) as AnyObject);
    return updateObject(op, deps, { query, part, tries: TRIES, change: () => ({ object: candidate }) });
  },
});

const asIs: Pick<Part, "prepare"> = { prepare: (_resource, object) => object };

const refuseIf = (
  { group, kind }: Resource,
  { metadata }: AnyObject,
  path: string,
  why: string | undefined,
) => {
  if (why !== undefined) throw invalidObject({ group, kind }, metadata.name, [forbidden(path, why)]);
};

/** Says that a namespace's content is gone, finalizer by finalizer. */
const finalizers: Part = {
  ...asIs,
  merge: (_resource, candidate, old) => {
    const { spec } = candidate as Namespace;
    return { ...old, metadata: candidate.metadata, spec: { finalizers: spec.finalizers } } as AnyObject;
  },
  check: checkStanding,
};

/** Containers that are added to a pod while it runs; they are never changed and never leave. */
const ephemeralContainers: Part = {
  ...asIs,
  fields: [["spec", "ephemeralContainers"]],
  merge: (_resource, candidate, old) => {
    const [before, after] = [old as Pod, candidate as Pod];
    return {
      ...before,
      metadata: { ...before.metadata, managedFields: after.metadata.managedFields },
      spec: { ...before.spec, ephemeralContainers: after.spec.ephemeralContainers },
    } as AnyObject;
  },
  check(resource, object, old) {
    const now = new Map(((object as Pod).spec.ephemeralContainers ?? []).map((one) => [one.name, one]));
    for (const one of (old as Pod).spec.ephemeralContainers ?? []) {
      const same = JSON.stringify(now.get(one.name)) === JSON.stringify(one);
      const why = same
        ? undefined
        : `existing ephemeral containers ${JSON.stringify(one.name)} may not be removed or changed`;
      refuseIf(resource, object, "spec.ephemeralContainers", why);
    }
    checkStanding(resource, object);
  },
};

/** What the containers of a running pod may use. */
const resize: Part = {
  ...asIs,
  fields: [
    ["spec", "resources"],
    ...["containers", "initContainers"].flatMap((list) =>
      ["resources", "resizePolicy"].map((field) => ["spec", list, "*", field]),
    ),
  ],
  merge: (_resource, candidate, old) => {
    const [before, after] = [old as Pod, candidate as Pod];
    const resized = <C extends { readonly name: string }>(
      containers: readonly C[] = [],
      wanted: readonly C[] = [],
    ) => {
      const byName = new Map(wanted.map((container) => [container.name, container as unknown as Sized]));
      return containers.map((container) => {
        const { resources, resizePolicy } = byName.get(container.name) ?? (container as unknown as Sized);
        return { ...container, resources, resizePolicy };
      });
    };
    return {
      ...before,
      metadata: { ...before.metadata, managedFields: after.metadata.managedFields },
      spec: {
        ...before.spec,
        containers: resized(before.spec.containers, after.spec.containers),
        ...(before.spec.initContainers
          ? { initContainers: resized(before.spec.initContainers, after.spec.initContainers) }
          : {}),
        ...(after.spec.resources ? { resources: after.spec.resources } : {}),
      },
    } as unknown as AnyObject;
  },
  check(resource, object, old) {
    checkStanding(resource, object);
    refuse(resource, object, [...podResizeProblems(object as Pod, old as Pod)]);
  },
};

interface Sized {
  readonly resources?: unknown;
  readonly resizePolicy?: unknown;
}

/** Whether a certificate may be signed. */
const approval: Part = {
  fields: [["metadata"], ["status", "conditions"]],
  merge: (_resource, candidate, old) => {
    const { status } = candidate as CertificateSigningRequest;
    const before = old as CertificateSigningRequest;
    return {
      ...before,
      metadata: candidate.metadata,
      status: { ...before.status, conditions: status.conditions },
    } as AnyObject;
  },
  prepare(_resource, object, _old, { clock }) {
    const request = object as CertificateSigningRequest;
    const now = formatTime(clock.now());
    const conditions = request.status.conditions?.map((condition) => ({
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? now,
    }));
    return { ...request, status: { ...request.status, conditions } } as unknown as AnyObject;
  },
  check(resource, object, old) {
    checkStanding(resource, object);
    const [after, before] = [object as CertificateSigningRequest, old as CertificateSigningRequest];
    refuse(resource, object, [...decisionProblems(after.status, before.status)]);
  },
};

/** Subresources that write one part of their object, by the name of the kind's resource and theirs. */
export const partSubresources: ReadonlyMap<string, SubresourceHandlers> = new Map([
  ["namespaces/finalize", { update: writing(finalizers).update! }],
  ["pods/ephemeralcontainers", writing(ephemeralContainers)],
  ["pods/resize", writing(resize)],
  ["certificates.k8s.io/certificatesigningrequests/approval", writing(approval)],
]);
