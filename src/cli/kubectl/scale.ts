import { UsageError, type Verb } from "../verb.ts";
import { connect } from "./cluster.ts";
import { dryRunNote, dryRunOf, dryRunOptions, dryRunQuery } from "./dry-run.ts";
import { durationOf, numberOf } from "./durations.ts";
import { eachError } from "./each-error.ts";
import { fileOptions, sourcesIn } from "./manifests.ts";
import { at } from "./objects.ts";
import { selectedBy } from "./selection.ts";
import { selectorOptions, selectorQuery } from "./selectors.ts";
import { type Target, until, within } from "./states.ts";

export const scale: Verb = {
  usage: "k8ts kubectl scale TYPE/NAME… | TYPE NAME… | TYPE -l LABELS | -f FILE --replicas=N",
  summary: "Sets how many replicas are wanted.",
  options: {
    replicas: { type: "string", value: "N", help: "how many" },
    "current-replicas": { type: "string", value: "N", help: "only if there are so many now" },
    all: { type: "boolean", help: "all of the kind, in the namespace" },
    timeout: { type: "string", value: "TIME", help: "wait so long until there are as many" },
    ...selectorOptions,
    ...fileOptions,
    ...dryRunOptions,
  },

  async run(args, io) {
    const replicas = numberOf(args, "replicas");
    if (replicas === undefined || replicas < 0)
      throw new UsageError(
        "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
      );
    const expected = numberOf(args, "current-replicas");
    const timeoutMs = durationOf(args, "timeout") ?? 0;
    const dryRun = dryRunOf(args);
    const cluster = connect(args, io);
    try {
      const targets: Target[] = [];
      const { namespace } = cluster;
      const files = args.list("filename");
      for (const { name: source, objects } of files.length > 0 ? await sourcesIn(files, args, io) : []) {
        for (const object of objects) {
          const kind = await cluster.kindOf(object, source);
          targets.push({
            kind,
            namespace: object.metadata.namespace ?? namespace,
            name: object.metadata.name,
          });
        }
      }
      for (const { kind, names } of files.length > 0
        ? []
        : selectedBy(await cluster.kinds(), args.positionals)) {
        if (!names && !args.flag("all") && args.text("selector") === undefined)
          throw new UsageError("resource(s) were provided, but no name was specified");
        const found =
          names ??
          (await cluster.list(kind, namespace, selectorQuery(args))).map(({ metadata }) => metadata.name);
        targets.push(...found.map((name) => ({ kind, namespace, name })));
      }
      return await eachError(io, targets, async ({ kind, namespace: of, name }) => {
        const path = kind.path(of, name, "scale");
        if (expected !== undefined && expected >= 0) {
          const now = at(await cluster.request("GET", path), "spec.replicas");
          if (now !== expected) throw new Error(`Expected replicas to be ${expected}, was ${String(now)}`);
        }
        if (dryRun !== "client") {
          await cluster.request("PATCH", path, {
            contentType: "application/merge-patch+json",
            query: dryRunQuery(dryRun),
            body: { spec: { replicas } },
          });
        }
        io.write(`${kind.shown(name)} scaled${dryRunNote(dryRun)}\n`);
        if (timeoutMs > 0 && dryRun === "none") {
          const late = `timed out waiting for ${kind.shown(name)} to be scaled`;
          const done = (object: unknown) => (at(object, "status.replicas") ?? 0) === replicas;
          await within(io.clock, timeoutMs, late, (signal) =>
            until(cluster, { kind, namespace: of, name }, done, { signal }),
          );
        }
      });
    } finally {
      cluster.close();
    }
  },
};
