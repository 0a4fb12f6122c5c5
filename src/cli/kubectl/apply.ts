import { hasReason } from "#machinery/status";
import type { Io } from "../io.ts";
import { type Arguments, UsageError, type Verb } from "../verb.ts";
import { about } from "./about.ts";
import { type Cluster, connect } from "./cluster.ts";
import { type DryRun, dryRunNote, dryRunOf, dryRunOptions, dryRunQuery } from "./dry-run.ts";
import { eachError } from "./each-error.ts";
import { type Applied, LAST_APPLIED, lastAppliedOf, withLastApplied } from "./last-applied.ts";
import { fileOptions, type Manifest, sourcesIn } from "./manifests.ts";
import { namespaceFor } from "./namespace-of.ts";
import { type AnyObject, type Json } from "./objects.ts";
import { resultOptions, resultPrinter } from "./result-output.ts";
import { isEmpty, threeWayPatch } from "./three-way.ts";
import type { ApiKind } from "./kinds.ts";
import { validateOptions, validationQuery } from "./validation.ts";

const CLIENT_SIDE = "kubectl-client-side-apply";
const SERVER_SIDE = "kubectl";
/** Somebody may write between reading and patching. */
const TRIES = 5;

export const apply: Verb = {
  usage:
    "k8ts kubectl apply -f FILE|DIR|- [-R] [--server-side [--force-conflicts]] [--dry-run=none|client|server]",
  summary: "Makes objects as files say, and changes those that are there already.",
  options: {
    ...fileOptions,
    ...dryRunOptions,
    ...resultOptions,
    ...validateOptions,
    "server-side": { type: "boolean", help: "the server merges, and knows who set which field" },
    "force-conflicts": { type: "boolean", help: "with --server-side: take fields over from others" },
    "field-manager": { type: "string", value: "NAME", help: "who sets the fields" },
  },

  async run(args, io) {
    const files = args.list("filename");
    if (files.length === 0) throw new UsageError("must specify one of -f and -k: k8ts kubectl apply -f FILE");
    if (args.positionals.length > 0)
      throw new UsageError(`unexpected arguments: ${args.positionals.join(" ")}`);
    if (args.flag("force-conflicts") && !args.flag("server-side"))
      throw new UsageError("--force-conflicts only works with --server-side");
    const cluster = connect(args, io);
    try {
      const sources = await sourcesIn(files, args, io);
      const applying = new Apply(cluster, args, io);
      const all = sources.flatMap(({ name, objects }) => objects.map((object) => ({ object, source: name })));
      return await eachError(io, all, ({ object, source }) => applying.one(object, source));
    } finally {
      cluster.close();
    }
  },
};

class Apply {
  readonly #cluster: Cluster;
  readonly #args: Arguments;
  readonly #io: Io;
  readonly #dryRun: DryRun;
  readonly #print: (object: AnyObject, done: string) => void;

  constructor(cluster: Cluster, args: Arguments, io: Io) {
    this.#cluster = cluster;
    this.#args = args;
    this.#io = io;
    this.#dryRun = dryRunOf(args);
    this.#print = resultPrinter(args, io);
  }

  async one(manifest: Manifest, source: string): Promise<void> {
    const kind = await this.#cluster.kindOf(manifest, source);
    const object = namespaceFor(this.#cluster, kind, manifest);
    if (!object.metadata.name) {
      const generated = object.metadata.generateName;
      throw new Error(
        generated
          ? `error: from ${generated}: cannot use generate name with apply`
          : `error when applying ${JSON.stringify(source)}: resource name may not be empty`,
      );
    }
    if (this.#args.flag("server-side")) return this.#onServer(kind, object);
    const note = dryRunNote(this.#dryRun);
    const { result, done } = await this.#onClient(kind, object, source);
    this.#print(result, `${done}${note}`);
  }

  #query(manager: string): Record<string, string> {
    const fieldManager = this.#args.text("field-manager") ?? manager;
    return { fieldManager, ...validationQuery(this.#args), ...dryRunQuery(this.#dryRun) };
  }

  async #onServer(kind: ApiKind, object: AnyObject): Promise<void> {
    if (this.#dryRun === "client") throw new UsageError("--dry-run=client doesn't work with --server-side");
    const { namespace, name } = object.metadata;
    const result = await this.#cluster.request("PATCH", kind.path(namespace, name), {
      contentType: "application/apply-patch+yaml",
      query: { ...this.#query(SERVER_SIDE), force: String(this.#args.flag("force-conflicts")) },
      body: object,
    });
    this.#print(result as AnyObject, `serverside-applied${dryRunNote(this.#dryRun)}`);
  }

  async #onClient(
    kind: ApiKind,
    object: AnyObject,
    source: string,
  ): Promise<{ readonly result: AnyObject; readonly done: string }> {
    const { namespace, name } = object.metadata;
    for (let tries = 1; ; tries++) {
      const current = await this.#cluster.find(kind, name, namespace);
      try {
        return current
          ? await this.#patch(kind, withLastApplied(object), current)
          : await this.#create(kind, withLastApplied(object));
      } catch (error) {
        if (hasReason(error, "Conflict", "AlreadyExists") && tries < TRIES) continue;
        throw about(error, current ? "applying patch" : "creating", source);
      }
    }
  }

  async #create(kind: ApiKind, { object }: Applied) {
    const done = "created";
    if (this.#dryRun === "client") return { result: object, done };
    const path = kind.path(object.metadata.namespace);
    const query = this.#query(CLIENT_SIDE);
    return {
      result: (await this.#cluster.request("POST", path, { query, body: object })) as AnyObject,
      done,
    };
  }

  async #patch(kind: ApiKind, { object }: Applied, current: AnyObject) {
    const original = lastAppliedOf(current);
    if (original === undefined) {
      this.#io.tell(
        `Warning: resource ${kind.groupPlural}/${object.metadata.name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
      );
    }
    const schema = await schemaOf(kind);
    const patch = threeWayPatch(
      schema,
      original ?? {},
      object as unknown as Json,
      current as unknown as Json,
    );
    if (isEmpty(patch)) return { result: current, done: "unchanged" };
    const done = "configured";
    if (this.#dryRun === "client") return { result: object, done };
    const { namespace, name } = current.metadata;
    const result = await this.#cluster.request("PATCH", kind.path(namespace, name), {
      contentType: schema ? "application/strategic-merge-patch+json" : "application/merge-patch+json",
      query: this.#query(CLIENT_SIDE),
      body: patch,
    });
    return { result: result as AnyObject, done };
  }
}

/** How lists of a built-in kind are merged; undefined for custom kinds. */
async function schemaOf({ group, version, plural }: ApiKind) {
  const { resourceFor } = await import("#api/registry");
  return resourceFor(group, version, plural)?.schema;
}
