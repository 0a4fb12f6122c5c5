import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ApiConstructor,
  type ApiType,
  CoreV1Api,
  type KubeConfig,
  type KubernetesObject,
} from "@kubernetes/client-node";
import { clientBinary } from "../tools/client-binaries.ts";
import { type Ran, run } from "../tools/run.ts";
import { images, type SharedCluster } from "./cluster.ts";
import { type HttpAnswer, type HttpCall, httpCall } from "./http-call.ts";
import { Recording } from "./recording.ts";

/** Parameters of a list or watch, by their names in the URL. */
type Query = Readonly<Record<string, string | number | undefined>>;

/** What a test is given. Its methods may be taken apart: `async ({ namespace, api }) => …`. */
export class ConformanceContext {
  /** Fresh, with its default service account; deleted at the end. */
  readonly namespace: string;
  /** Of the cluster's administrator. */
  readonly config: KubeConfig;
  /** Ends with the test, or when its time is over. */
  readonly signal: AbortSignal;
  readonly images = images;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** For a kubectl of its own: what it has cached of other clusters and earlier kinds does not matter. */
  readonly kubectlEnv: Readonly<Record<string, string>>;
  readonly #cacheDir = join(tmpdir(), unique("kubectl"));
  readonly #cleanups: (() => unknown)[] = [];
  readonly #ended = new AbortController();

  constructor(shared: SharedCluster, namespace: string, signal: AbortSignal) {
    this.namespace = namespace;
    this.config = shared.config;
    this.kubectlEnv = { KUBECONFIG: shared.kubeconfig, KUBECACHEDIR: this.#cacheDir };
    this.kubeconfig = shared.kubeconfig;
    this.signal = AbortSignal.any([signal, this.#ended.signal]);
  }

  static async create(shared: SharedCluster, signal: AbortSignal): Promise<ConformanceContext> {
    const context = new ConformanceContext(shared, unique("conformance"), signal);
    await context.makeNamespace(context.namespace);
    return context;
  }

  /** A typed client. */
  readonly api = <T extends ApiType>(constructor: ApiConstructor<T>): T =>
    this.config.makeApiClient(constructor);

  /** A name that nobody else has. */
  readonly unique = (prefix: string): string => unique(prefix);

  /** Makes one more namespace, ready for pods, and deletes it at the end. */
  readonly makeNamespace = async (
    name: string = unique("conformance"),
    labels?: Record<string, string>,
  ): Promise<string> => {
    const core = this.api(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name, labels } } });
    this.defer(() => core.deleteNamespace({ name }));
    await this.waitFor(
      `/api/v1/namespaces/${name}/serviceaccounts/default`,
      (account) => account !== undefined,
    );
    return name;
  };

  /** Runs the real kubectl in the test's namespace, whatever comes of it. */
  readonly kubectl = (args: readonly string[], stdin?: string): Promise<Ran> =>
    run(clientBinary("kubectl"), ["--namespace", this.namespace, ...args], {
      input: stdin,
      env: this.kubectlEnv,
    });

  /** One HTTP request as the administrator, or as nobody with `{ anonymous: true }`; any status is an answer. */
  readonly raw = (method: string, path: string, call: HttpCall = {}): Promise<HttpAnswer> =>
    httpCall(this.config, method, path, call, this.signal);

  /** Watches a collection, from its present state on if no resourceVersion is given. Ends with the test. */
  readonly watch = async <T extends KubernetesObject>(
    collection: string,
    query: Query = {},
  ): Promise<Recording<T>> => {
    const recording = await Recording.start<T>(this.config, collection, query);
    this.signal.addEventListener("abort", () => recording.close(), { once: true });
    return recording;
  };

  /** Waits until the objects of a collection are as wanted, by a watch; gives them, in no particular order. */
  readonly until = async <T extends KubernetesObject>(
    collection: string,
    query: Query,
    wanted: (items: readonly T[]) => boolean,
    what = `${collection} is as wanted`,
  ): Promise<readonly T[]> => {
    const recording = await Recording.start<T>(this.config, collection, query);
    try {
      return await recording.untilObjects((items) => (wanted(items) ? items : undefined), what);
    } finally {
      recording.close();
    }
  };

  /** Waits until one object, by its path, is as wanted. It is undefined while it does not exist. */
  readonly waitFor = async <T extends KubernetesObject>(
    path: string,
    wanted: (object: T | undefined) => boolean,
    what = `${path} is as wanted`,
  ): Promise<T> => {
    const at = path.lastIndexOf("/");
    const query = { fieldSelector: `metadata.name=${path.slice(at + 1)}` };
    const [found] = await this.until<T>(path.slice(0, at), query, ([object]) => wanted(object), what);
    return found!;
  };

  /** Waits until the object is gone. */
  readonly waitGone = async (path: string): Promise<void> => {
    await this.waitFor(path, (object) => object === undefined, `${path} is gone`);
  };

  /** Runs at the end of the test, also of one that failed; the last deferred first. What is gone already is fine. */
  readonly defer = (cleanup: () => unknown): void => {
    this.#cleanups.push(cleanup);
  };

  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const cleanup of this.#cleanups.toReversed()) {
      try {
        await cleanup();
      } catch (error) {
        if (!isGone(error)) errors.push(error);
      }
    }
    this.#ended.abort();
    rmSync(this.#cacheDir, { recursive: true, force: true });
    if (errors.length > 0) throw new AggregateError(errors, "the test could not clean up");
  }
}

const unique = (prefix: string): string => `${prefix}-${randomBytes(4).toString("hex")}`;

/** Also 409: a namespace that is being deleted says so. */
const isGone = (error: unknown): boolean => [404, 409].includes((error as { code?: number }).code ?? 0);
