import type { Container } from "#api/core-v1/container";
import { LimitRange, type LimitRangeItem } from "#api/core-v1/limitrange";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { type Amounts, amountOf, amountsOf, limitsOf, requestsOf } from "#api/core-v1/podresources";
import type { ResourceList } from "#api/core-v1/resources";
import type { AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";
import { shown } from "./amount-text.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

/** Gives containers the requests and limits that their namespace has for them, and holds them to its bounds. */
export const limitRanger = (cache: ReadCache): AdmissionPlugin => ({
  name: "LimitRanger",
  handles: (admission) =>
    (admission.operation === "CREATE" &&
      (isAbout(admission, Pod) || isAbout(admission, PersistentVolumeClaim))) ||
    (admission.operation === "UPDATE" &&
      (isAbout(admission, Pod, "resize") || isAbout(admission, PersistentVolumeClaim))),
  admit(admission) {
    const isPod = isAbout(admission, Pod);
    if (!isPod) return undefined;
    let pod = admission.object as Pod;
    for (const range of cache.list(LimitRange, admission.namespace)) pod = withDefaults(pod, range);
    return pod;
  },
  validate(admission) {
    const problems: string[] = [];
    for (const { spec } of cache.list(LimitRange, admission.namespace)) {
      for (const limit of spec?.limits ?? []) {
        problems.push(
          ...(admission.resource.plural === Pod.plural
            ? podProblems(limit, admission.object as Pod)
            : claimProblems(limit, admission.object as PersistentVolumeClaim)),
        );
      }
    }
    const [first, ...others] = problems;
    if (first === undefined) return;
    throw refusal(admission, others.length === 0 ? first : `[${problems.join(", ")}]`);
  },
});

interface Defaults {
  readonly requests: ResourceList;
  readonly limits: ResourceList;
}

/** What a container that says nothing gets. */
function defaultsOf({ spec }: LimitRange): Defaults {
  let requests: ResourceList = {};
  let limits: ResourceList = {};
  for (const item of spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    const limited = { ...item.max, ...item.default };
    requests = { ...requests, ...item.min, ...limited, ...item.defaultRequest };
    limits = { ...limits, ...limited };
  }
  return { requests, limits };
}

function withDefaults(pod: Pod, range: LimitRange): Pod {
  const defaults = defaultsOf(range);
  const notes: string[] = [];
  const fill = (what: string) => (container: Container) => {
    const filled = filledIn(container, defaults);
    if (filled.requests.length > 0) {
      notes.push(`${filled.requests.join(", ")} request for ${what} ${container.name}`);
    }
    if (filled.limits.length > 0) {
      notes.push(`${filled.limits.join(", ")} limit for ${what} ${container.name}`);
    }
    return filled.container;
  };
  const containers = pod.spec.containers.map(fill("container"));
  const initContainers = pod.spec.initContainers?.map(fill("init container"));
  if (notes.length === 0) return pod;
  const annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join("; ")}`,
  };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { ...pod.spec, containers, ...(initContainers ? { initContainers } : {}) },
  } as Pod;
}

function filledIn(container: Container, defaults: Defaults) {
  const { requests = {}, limits = {}, ...rest } = container.resources ?? {};
  const missing = (present: ResourceList, standard: ResourceList) =>
    Object.keys(standard)
      .filter((name) => !Object.hasOwn(present, name))
      .toSorted();
  const addedLimits = missing(limits, defaults.limits);
  // A limit that the client has set is its request too; the API's own defaults have seen to that.
  const addedRequests = missing({ ...requests }, defaults.requests);
  const resources = {
    ...rest,
    limits: { ...defaults.limits, ...limits },
    requests: { ...defaults.requests, ...requests },
  };
  return {
    container: { ...container, resources } as Container,
    requests: addedRequests,
    limits: addedLimits,
  };
}

function podProblems(limit: LimitRangeItem, pod: Pod): string[] {
  if (limit.type === "Container") {
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
    return containers.flatMap(({ resources }) =>
      problems(limit, amountsOf(resources?.requests), amountsOf(resources?.limits)),
    );
  }
  return limit.type === "Pod" ? problems(limit, requestsOf(pod), limitsOf(pod)) : [];
}

function claimProblems(limit: LimitRangeItem, { spec }: PersistentVolumeClaim): string[] {
  if (limit.type !== "PersistentVolumeClaim") return [];
  const requested = amountsOf(spec.resources?.requests);
  return problems(limit, requested, requested);
}

function problems(limit: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const entries = (list: ResourceList | undefined) => Object.entries(list ?? {});
  return [
    ...entries(limit.min).map(([name, least]) => tooLittle(limit.type, name, least, requests, limits)),
    ...entries(limit.max).map(([name, most]) => tooMuch(limit.type, name, most, requests, limits)),
    ...entries(limit.maxLimitRequestRatio).map(([name, ratio]) =>
      tooFar(limit.type, name, ratio, requests, limits),
    ),
  ].filter((problem) => problem !== undefined);
}

type Check = (
  type: string,
  name: string,
  bound: string,
  requests: Amounts,
  limits: Amounts,
) => string | undefined;

const tooLittle: Check = (type, name, bound, requests, limits) => {
  const least = amountOf(name, bound);
  const [request, limit] = [requests.get(name), limits.get(name)];
  const head = `minimum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return `${head}.  No request is specified`;
  if (request < least) return `${head}, but request is ${shown(name, request)}`;
  if (limit !== undefined && limit < least) return `${head}, but limit is ${shown(name, limit)}`;
  return undefined;
};

const tooMuch: Check = (type, name, bound, requests, limits) => {
  const most = amountOf(name, bound);
  const [request, limit] = [requests.get(name), limits.get(name)];
  const head = `maximum ${name} usage per ${type} is ${bound}`;
  // Claims are no more than what they ask for.
  if (type === "PersistentVolumeClaim") {
    if (request === undefined) return `${head}.  No request is specified`;
    return request > most ? `${head}, but request is ${shown(name, request)}` : undefined;
  }
  if (limit === undefined) return `${head}.  No limit is specified`;
  if (limit > most) return `${head}, but limit is ${shown(name, limit)}`;
  if (request !== undefined && request > most) return `${head}, but request is ${shown(name, request)}`;
  return undefined;
};

const tooFar: Check = (type, name, bound, requests, limits) => {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const head = `${name} max limit to request ratio per ${type} is ${bound}`;
  if (!request) return `${head}, but no request is specified or request is 0`;
  if (!limit) return `${head}, but no limit is specified or limit is 0`;
  const ratio = limit / request;
  return ratio > Number(bound) ? `${head}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
};
