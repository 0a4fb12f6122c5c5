import { type Arguments, UsageError, type Verb } from "../verb.ts";
import type { Io } from "../io.ts";
import { type Cluster, connect } from "./cluster.ts";
import { type DryRun, dryRunNote, dryRunOf, dryRunOptions } from "./dry-run.ts";
import { durationOf, numberOf } from "./durations.ts";
import { eachError } from "./each-error.ts";
import { fileOptions, sourcesIn } from "./manifests.ts";
import { namespaceFor } from "./namespace-of.ts";
import type { AnyObject } from "./objects.ts";
import { selectedBy } from "./selection.ts";
import { selectorOptions, selectorQuery } from "./selectors.ts";
import { type Target, until, within } from "./states.ts";

export const deleteVerb: Verb = {
  usage: "k8ts kubectl delete TYPE NAME… | TYPE/NAME… | TYPE -l LABELS | TYPE --all | -f FILE [options]",
  summary: "Deletes objects, and waits until they are gone.",
  options: {
    ...fileOptions,
    ...selectorOptions,
    all: { type: "boolean", help: "all of the kind, in the namespace" },
    "all-namespaces": { type: "boolean", short: "A", help: "in all namespaces" },
    "grace-period": { type: "string", value: "SECONDS", help: "time to end by themselves" },
    now: { type: "boolean", help: "as --grace-period=1" },
    force: { type: "boolean", help: "with --grace-period=0: do not wait for the node" },
    cascade: {
      type: "string",
      bare: "background",
      value: "background",
      help: "dependents: background, foreground, orphan",
    },
    wait: { type: "boolean", help: "wait until they are gone; on by default, --wait=false turns it off" },
    timeout: { type: "string", value: "TIME", help: "how long to wait" },
    "ignore-not-found": { type: "boolean", help: "what is not there is no failure" },
    output: { type: "string", short: "o", value: "name", help: "print only the names" },
    ...dryRunOptions,
  },

  async run(args, io) {
    const format = args.text("output");
    if (format !== undefined && format !== "name")
      throw new UsageError(`unexpected -o output mode: ${format}. We only support '-o name'`);
    const cluster = connect(args, io);
    try {
      return await new Delete(cluster, args, io).run();
    } finally {
      cluster.close();
    }
  },
};

interface Deleted extends Target {
  readonly uid: string | undefined;
}

class Delete {
  readonly #cluster: Cluster;
  readonly #args: Arguments;
  readonly #io: Io;
  readonly #dryRun: DryRun;
  readonly #graceSeconds: number | undefined;

  constructor(cluster: Cluster, args: Arguments, io: Io) {
    this.#cluster = cluster;
    this.#args = args;
    this.#io = io;
    this.#dryRun = dryRunOf(args);
    this.#graceSeconds = this.#grace();
  }

  async run(): Promise<number> {
    const targets = await this.#targets();
    if (targets.length === 0 && this.#args.list("filename").length === 0) {
      this.#io.tell("No resources found\n");
      return 0;
    }
    const deleted: Deleted[] = [];
    const code = await eachError(this.#io, targets, async (target) => {
      const gone = await this.#delete(target);
      if (gone) deleted.push(gone);
    });
    const waits = this.#args.flag("wait", true) && this.#dryRun === "none";
    if (waits) await this.#waitFor(deleted);
    return code;
  }

  #grace(): number | undefined {
    const seconds = this.#args.flag("now") ? 1 : numberOf(this.#args, "grace-period");
    if (seconds === undefined || seconds < 0) return this.#args.flag("force") ? 0 : undefined;
    if (seconds > 0 && this.#args.flag("force"))
      throw new UsageError("--force and --grace-period greater than 0 cannot be specified together");
    if (seconds > 0) return seconds;
    // Without force an immediate deletion is one after the shortest time there is.
    return this.#args.flag("force") ? 0 : 1;
  }

  async #targets(): Promise<readonly Target[]> {
    const files = this.#args.list("filename");
    if (files.length > 0) {
      const sources = await sourcesIn(files, this.#args, this.#io);
      const targets: Target[] = [];
      for (const { name: source, objects } of sources) {
        for (const manifest of objects) {
          const kind = await this.#cluster.kindOf(manifest, source);
          const { namespace, name } = namespaceFor(this.#cluster, kind, manifest).metadata;
          targets.push({ kind, namespace, name });
        }
      }
      return targets;
    }
    return this.#named();
  }

  async #named(): Promise<readonly Target[]> {
    const query = selectorQuery(this.#args);
    const everywhere = this.#args.flag("all-namespaces");
    const targets: Target[] = [];
    for (const { kind, names } of selectedBy(await this.#cluster.kinds(), this.#args.positionals)) {
      const namespace = kind.namespaced && !everywhere ? this.#cluster.namespace : undefined;
      if (names) {
        if (Object.keys(query).length > 0 || this.#args.flag("all"))
          throw new UsageError("name cannot be provided when a selector is specified");
        targets.push(...names.map((name) => ({ kind, namespace, name })));
        continue;
      }
      if (Object.keys(query).length === 0 && !this.#args.flag("all"))
        throw new UsageError("resource(s) were provided, but no name was specified");
      const found = await this.#cluster.list(kind, namespace, query);
      targets.push(
        ...found.map(({ metadata }) => ({ kind, namespace: metadata.namespace, name: metadata.name })),
      );
    }
    return targets;
  }

  /** Undefined when there was nothing. */
  async #delete({ kind, namespace, name }: Target): Promise<Deleted | undefined> {
    const path = kind.path(namespace, name);
    if (this.#dryRun === "client") {
      const found = await this.#cluster.get(kind, name, namespace);
      this.#tell({ kind, namespace, name });
      return { kind, namespace, name, uid: found.metadata.uid };
    }
    try {
      const answer = (await this.#cluster.request("DELETE", path, { body: this.#options() })) as
        | (AnyObject & { readonly details?: { readonly uid?: string } })
        | undefined;
      this.#tell({ kind, namespace, name });
      const uid = answer?.kind === "Status" ? answer.details?.uid : answer?.metadata.uid;
      return { kind, namespace, name, uid };
    } catch (error) {
      if (this.#args.flag("ignore-not-found") && (error as { readonly code?: number }).code === 404)
        return undefined;
      throw error;
    }
  }

  #options() {
    const grace = this.#graceSeconds;
    return {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: policyOf(this.#args.text("cascade") ?? "background"),
      ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
      ...(this.#dryRun === "server" ? { dryRun: ["All"] } : {}),
    };
  }

  #tell({ kind, namespace, name }: Target): void {
    if (this.#args.text("output") === "name") return this.#io.write(`${kind.shown(name)}\n`);
    const forced = this.#graceSeconds === 0 && this.#args.flag("force");
    const where = namespace === undefined ? "" : ` from ${namespace} namespace`;
    const done = `${forced ? "force deleted" : "deleted"}${where}${dryRunNote(this.#dryRun)}`;
    this.#io.write(`${kind.shownKind} ${JSON.stringify(name)} ${done}\n`);
  }

  async #waitFor(deleted: readonly Deleted[]): Promise<void> {
    const timeoutMs = durationOf(this.#args, "timeout") ?? 0;
    for (const target of deleted) {
      const late = `timed out waiting for the condition on ${target.kind.groupPlural}/${target.name}`;
      await within(this.#io.clock, timeoutMs, late, (signal) =>
        until(
          this.#cluster,
          target,
          (object) => !object || (target.uid !== undefined && object.metadata.uid !== target.uid),
          { signal },
        ),
      );
    }
  }
}

const POLICIES: Readonly<Record<string, string>> = {
  background: "Background",
  true: "Background",
  foreground: "Foreground",
  orphan: "Orphan",
  false: "Orphan",
};

function policyOf(text: string): string {
  const policy = Object.hasOwn(POLICIES, text) ? POLICIES[text] : undefined;
  if (policy !== undefined) return policy;
  throw new UsageError(`invalid cascade value (${text}). Must be "background", "foreground", or "orphan"`);
}
