import { StatusError, noSuchResource } from "#machinery/status";
import type { AnyObject, Verb } from "#machinery/schema";
import { create } from "../rest/create.ts";
import { removeCollection } from "../rest/delete-collection.ts";
import { remove } from "../rest/delete.ts";
import type { RestDeps } from "../rest/deps.ts";
import { get } from "../rest/get.ts";
import { list } from "../rest/list.ts";
import { patch } from "../rest/patch.ts";
import { update } from "../rest/update.ts";
import { watch } from "../rest/watch.ts";
import type { Answer, Operation } from "./operation.ts";
import { withoutLastSlashes } from "./request-info.ts";

export type Handler = (op: Operation, deps: RestDeps) => Answer | Promise<Answer>;

/** Verb to handler, for one subresource. */
export type SubresourceHandlers = Readonly<Partial<Record<string, Handler>>>;

const VERBS: Readonly<Record<Verb, Handler>> = {
  get: (op, { limits }) => get(op, limits),
  list: (op, { limits }) => list(op, limits),
  watch: (op, { limits, random }) => watch(op, limits, random),
  create,
  update,
  patch: (op, deps) => patch(op, deps),
  delete: remove,
  deletecollection: removeCollection,
};

const STATUS: SubresourceHandlers = { get: VERBS.get, update, patch: (op, deps) => patch(op, deps) };

/** Finds who answers a request about a kind. */
export class Dispatcher {
  readonly #deps: RestDeps;
  readonly #subresources: ReadonlyMap<string, SubresourceHandlers>;
  /** Kinds that are asked, not stored: `apiVersion/Kind` to what answers them. */
  readonly #reviews: ReadonlyMap<string, Handler>;
  readonly #scale: SubresourceHandlers;

  constructor(
    deps: RestDeps,
    subresources: ReadonlyMap<string, SubresourceHandlers>,
    reviews: ReadonlyMap<string, Handler>,
    scale: SubresourceHandlers,
  ) {
    this.#deps = deps;
    this.#subresources = subresources;
    this.#reviews = reviews;
    this.#scale = scale;
  }

  run(op: Operation): Answer | Promise<Answer> {
    checkPlace(op);
    if (op.kind.warning !== undefined) op.warn(op.kind.warning);
    return this.#find(op)(op, this.#deps);
  }

  /** Admission of a request that becomes a connection; `options` is its object. */
  async connect(op: Operation, options: AnyObject): Promise<void> {
    const { admission } = this.#deps;
    const admitted = {
      operation: "CONNECT",
      object: options,
      old: undefined,
      name: op.info.name,
      options: undefined,
      dryRun: false,
    } as const;
    const object = await admission.admit(op, admitted);
    await admission.validate(op, { ...admitted, object });
  }

  #find({ info, kind }: Operation): Handler {
    const { resource } = kind;
    const verb = info.verb;
    if (info.subresource !== "") {
      const handlers = this.#subresource(kind.resource.group, resource.plural, info.subresource, kind);
      if (!handlers || info.name === "") throw noSuchResource();
      return handlers[verb] ?? notAllowed();
    }
    const placed = !resource.namespaced || info.namespace !== "";
    if (
      !placed &&
      info.name !== "" &&
      (verb === "get" || verb === "update" || verb === "patch" || verb === "delete")
    ) {
      throw noSuchResource();
    }
    if (verb === "create" && info.name !== "") return notAllowed();
    if ((verb === "update" || verb === "patch") && info.name === "") return notAllowed();
    if (!Object.hasOwn(VERBS, verb) || !resource.verbs.includes(verb as Verb)) return notAllowed();
    if (!placed && (verb === "create" || verb === "deletecollection")) return notAllowed();
    if (kind.storage) return VERBS[verb as Verb];
    return this.#reviews.get(`${resource.apiVersion}/${resource.kind}`) ?? notAllowed();
  }

  #subresource(
    group: string,
    plural: string,
    subresource: string,
    { resource }: Operation["kind"],
  ): SubresourceHandlers | undefined {
    const own = this.#subresources.get(subresourceKey(group, plural, subresource));
    if (own) return own;
    if (subresource === "status" && resource.statusSubresource) return STATUS;
    return subresource === "scale" && resource.scale ? this.#scale : undefined;
  }
}

/** `apps/deployments/scale`; the core group goes without its name: `pods/exec`. */
export const subresourceKey = (group: string, plural: string, subresource: string): string =>
  group === "" ? `${plural}/${subresource}` : `${group}/${plural}/${subresource}`;

/**
 * A kind without namespaces is never asked for inside of one: there, rights of that namespace would have counted.
 * Only proxies have a path below their subresource.
 */
export function checkPlace({ info, kind }: Pick<Operation, "info" | "kind">): void {
  const { namespace, name, subresource, path } = info;
  const { namespaced, group, plural } = kind.resource;
  if (!namespaced && namespace !== "") {
    const ofItself = group === "" && plural === "namespaces" && namespace === name;
    if (!ofItself) throw noSuchResource();
  }
  if (
    subresource !== "" &&
    subresource !== "proxy" &&
    !withoutLastSlashes(path).endsWith(`/${subresource}`)
  ) {
    throw noSuchResource();
  }
}

export function notAllowed(): never {
  throw new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "the server does not allow this method on the requested resource",
    reason: "MethodNotAllowed",
    details: {},
    code: 405,
  });
}
