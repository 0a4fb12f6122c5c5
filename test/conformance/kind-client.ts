/** The calls of one kind, over the typed API of `@kubernetes/client-node`, under names that are the same for all kinds. */
import assert from "node:assert/strict";
import {
  type ApiConstructor,
  ApiException,
  type ApiType,
  type KubernetesListObject,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
  type V1Status,
} from "@kubernetes/client-node";
import type { ConformanceContext } from "./suite.ts";
import { Recording } from "./recording.ts";

type ApiClass = ApiConstructor<ApiType>;

/** Where a kind is served, and which of the client's APIs knows it. */
export interface Kind {
  readonly api: ApiClass;
  readonly kind: string;
  /** `/api/v1` or `/apis/<group>/<version>`. */
  readonly root: string;
  readonly plural: string;
}

/** Query parameters by the client's names. */
export interface ListQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly _continue?: string;
  readonly resourceVersion?: string;
}

export interface DeleteQuery {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
}

type Call = (request: object, options?: object) => Promise<never>;
type Subresource = "" | "Status" | "Scale" | "Ephemeralcontainers" | "Resize";

/** Where a test works. */
export type Place = Pick<ConformanceContext, "namespace" | "config" | "api" | "signal">;

export class KindClient<T extends KubernetesObject> {
  /** Path of the collection. */
  readonly path: string;
  readonly #context: Place;
  readonly #calls: Readonly<Record<string, Call>>;
  readonly kind: Kind;
  readonly #namespace: string | undefined;

  constructor(context: Place, kind: Kind, namespace?: string) {
    const { root, plural, api } = kind;
    this.path = namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
    this.#context = context;
    this.kind = kind;
    this.#namespace = namespace;
    // The client's methods are named by rule; TypeScript cannot look them up by a computed name.
    this.#calls = context.api(api) as unknown as Record<string, Call>;
  }

  create(body: T): Promise<T> {
    return this.#call("create", "", { body });
  }

  /** Without being written. */
  createDry(body: T): Promise<T> {
    return this.#call("create", "", { body, dryRun: "All" });
  }

  read(name: string): Promise<T> {
    return this.#call("read", "", { name });
  }

  replace(body: T): Promise<T> {
    return this.#call("replace", "", { name: body.metadata!.name, body });
  }

  /** Reads, changes and replaces, again where somebody else was faster. */
  update(name: string, change: (object: T) => void): Promise<T> {
    return changed(
      () => this.read(name),
      change,
      (object) => this.replace(object),
    );
  }

  patch(name: string, body: object, strategy: string = PatchStrategy.MergePatch): Promise<T> {
    return this.#patch("", name, body, strategy);
  }

  readStatus(name: string): Promise<T> {
    return this.#call("read", "Status", { name });
  }

  replaceStatus(body: T): Promise<T> {
    return this.#call("replace", "Status", { name: body.metadata!.name, body });
  }

  /** Reads, changes and replaces the status, again where somebody else was faster. */
  updateStatus(name: string, change: (object: T) => void): Promise<T> {
    return changed(
      () => this.readStatus(name),
      change,
      (object) => this.replaceStatus(object),
    );
  }

  patchStatus(name: string, body: object, strategy: string = PatchStrategy.MergePatch): Promise<T> {
    return this.#patch("Status", name, body, strategy);
  }

  /** Another sub-resource of the kind, whose object has a kind of its own. */
  subresource<S extends KubernetesObject>(name: Subresource) {
    return {
      read: (of: string): Promise<S> => this.#call("read", name, { name: of }),
      replace: (body: S): Promise<S> => this.#call("replace", name, { name: body.metadata!.name, body }),
      patch: (of: string, body: object, strategy: string = PatchStrategy.MergePatch): Promise<S> =>
        this.#patch(name, of, body, strategy),
    };
  }

  async list(query: ListQuery = {}): Promise<T[]> {
    return (await this.listPage(query)).items;
  }

  listPage(query: ListQuery = {}): Promise<KubernetesListObject<T>> {
    return this.#call("list", "", query);
  }

  /** In all namespaces. */
  async listEverywhere(query: ListQuery = {}): Promise<T[]> {
    const method = `list${this.kind.kind}ForAllNamespaces`;
    return ((await this.#calls[method]!(query)) as KubernetesListObject<T>).items;
  }

  delete(name: string, query: DeleteQuery = {}): Promise<V1Status> {
    return this.#call("delete", "", { name, ...query });
  }

  deleteCollection(query: ListQuery & DeleteQuery): Promise<V1Status> {
    return this.#call("deleteCollection", "", query);
  }

  /** All that happens to the selected objects from now on. Ends with the test. */
  async record(query: ListQuery = {}): Promise<Recording<T>> {
    const { metadata } = await this.listPage(query);
    return this.#start({ ...query, resourceVersion: metadata?.resourceVersion });
  }

  /** The object as soon as it is as wanted. Times are texts in it. */
  async until(name: string, wanted: (object: T) => boolean, what = "is as wanted"): Promise<T> {
    const query = { fieldSelector: `metadata.name=${name}` };
    const [found] = await this.untilAll(
      query,
      ([object]) => object !== undefined && wanted(object),
      `${name} ${what}`,
    );
    return found!;
  }

  /** The selected objects as soon as all of them together are as wanted. */
  async untilAll(
    query: ListQuery,
    wanted: (objects: readonly T[]) => boolean,
    what = "all are as wanted",
  ): Promise<readonly T[]> {
    const recording = await this.#start({ ...query });
    try {
      const pick = (objects: readonly T[]) => (wanted(objects) ? objects : undefined);
      return await recording.untilObjects(pick, `${this.path}: ${what}`);
    } finally {
      recording.close();
    }
  }

  async untilGone(name: string): Promise<void> {
    const query = { fieldSelector: `metadata.name=${name}` };
    await this.untilAll(query, (left) => left.length === 0, `${name} is gone`);
  }

  async #start(query: Readonly<Record<string, string | number | undefined>>): Promise<Recording<T>> {
    const { config, signal } = this.#context;
    const recording = await Recording.start<T>(config, this.path, query);
    signal.addEventListener("abort", () => recording.close(), { once: true });
    return recording;
  }

  #patch<R>(sub: Subresource, name: string, body: object, strategy: string): Promise<R> {
    const request = {
      name,
      body,
      ...(strategy === PatchStrategy.ServerSideApply && { fieldManager: "conformance" }),
    };
    return this.#call("patch", sub, request, setHeaderOptions("Content-Type", strategy));
  }

  async #call<R>(verb: string, sub: Subresource, request: object, options?: object): Promise<R> {
    const isNamespaced = this.#namespace !== undefined;
    const method = `${verb}${isNamespaced ? "Namespaced" : ""}${this.kind.kind}${sub}`;
    const call = this.#calls[method];
    assert.ok(call, `the client has ${method}`);
    return call.call(
      this.#calls,
      isNamespaced ? { namespace: this.#namespace, ...request } : request,
      options,
    );
  }
}

async function changed<T>(
  read: () => Promise<T>,
  change: (object: T) => void,
  replace: (object: T) => Promise<T>,
): Promise<T> {
  for (;;) {
    const object = await read();
    change(object);
    try {
      return await replace(object);
    } catch (error) {
      if (!(error instanceof ApiException) || error.code !== 409) throw error;
    }
  }
}

/** Asserts that the server refuses, with this code and, where given, this reason. Gives the Status. */
export async function refused(call: Promise<unknown>, code: number, reason?: string): Promise<V1Status> {
  const error = await call.then(
    () => assert.fail(`refused with ${code}`),
    (failure: unknown) => failure,
  );
  if (!(error instanceof ApiException)) throw error;
  assert.equal(error.code, code, String(error.body));
  const status = (typeof error.body === "string" ? JSON.parse(error.body) : error.body) as V1Status;
  if (reason !== undefined) assert.equal(status.reason, reason);
  return status;
}
