import { type Arguments, type Options, UsageError, type Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { type DryRun, dryRunNote, dryRunOf, dryRunOptions, dryRunQuery } from "../dry-run.ts";
import type { Cluster } from "../cluster.ts";
import { withLastApplied } from "../last-applied.ts";
import { namespaceFor } from "../namespace-of.ts";
import type { AnyObject } from "../objects.ts";
import { resultOptions, resultPrinter } from "../result-output.ts";
import { validateOptions, validationQuery } from "../validation.ts";

export const FIELD_MANAGER = "kubectl-create";

export const createOptions = {
  ...dryRunOptions,
  ...resultOptions,
  ...validateOptions,
  "save-config": { type: "boolean", help: "so that apply can change it later" },
  "field-manager": { type: "string", value: "NAME", help: "who sets the fields" },
} as const satisfies Options;

interface Generator {
  /** After `k8ts kubectl create`: `namespace NAME`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Options;
  /** The object that the words describe; its namespace is added. */
  make(name: string, args: Arguments): MadeObject | Promise<MadeObject>;
}

export type MadeObject = Omit<AnyObject, "metadata"> & {
  readonly metadata: Pick<AnyObject["metadata"], "labels">;
};

/** A verb that makes one object from words. */
export function generator({ usage, summary, options, make }: Generator): Verb {
  return {
    usage: `k8ts kubectl create ${usage}`,
    summary,
    options: { ...options, ...createOptions },
    async run(args, io) {
      const [name, ...more] = args.positionals;
      if (name === undefined || more.length > 0)
        throw new UsageError(
          `exactly one NAME is required, got ${args.positionals.length}\nusage: k8ts kubectl create ${usage}`,
        );
      const made = await make(name, args);
      const object = { ...made, metadata: { name, ...made.metadata } } as AnyObject;
      const dryRun = dryRunOf(args);
      const print = resultPrinter(args, io);
      if (dryRun === "client") {
        const namespace = args.text("namespace");
        const shown =
          namespace === undefined || CLUSTER_WIDE.has(object.kind)
            ? object
            : withNamespace(object, namespace);
        print(shown, `created${dryRunNote(dryRun)}`);
        return 0;
      }
      const cluster = connect(args, io);
      try {
        print(await createObject(cluster, object, args, dryRun, "words"), `created${dryRunNote(dryRun)}`);
        return 0;
      } finally {
        cluster.close();
      }
    },
  };
}

const CLUSTER_WIDE = new Set(["Namespace", "ClusterRole", "ClusterRoleBinding"]);

const withNamespace = (object: AnyObject, namespace: string): AnyObject => ({
  ...object,
  metadata: { ...object.metadata, namespace },
});

/** Sends the object to where it belongs. */
export async function createObject(
  cluster: Cluster,
  manifest: AnyObject,
  args: Arguments,
  dryRun: DryRun,
  source: string,
): Promise<AnyObject> {
  const kind = await cluster.kindOf(manifest, source);
  const object = namespaceFor(cluster, kind, manifest);
  const fieldManager = args.text("field-manager") ?? FIELD_MANAGER;
  const body = args.flag("save-config") ? withLastApplied(object).object : object;
  return (await cluster.request("POST", kind.path(object.metadata.namespace), {
    query: { fieldManager, ...validationQuery(args), ...dryRunQuery(dryRun) },
    body,
  })) as AnyObject;
}
