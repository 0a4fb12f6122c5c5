import { about } from "../about.ts";
import { UsageError, type Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { dryRunNote, dryRunOf } from "../dry-run.ts";
import { eachError } from "../each-error.ts";
import { fileOptions, sourcesIn } from "../manifests.ts";
import { resultPrinter } from "../result-output.ts";
import { createObject, createOptions } from "./generator.ts";

export const fromFiles: Verb = {
  usage: "k8ts kubectl create -f FILE|DIR|- [-R]",
  summary: "Makes the objects of files. What is there already is an error.",
  options: { ...fileOptions, ...createOptions },
  async run(args, io) {
    const files = args.list("filename");
    if (files.length === 0)
      throw new UsageError("must specify one of -f and -k: k8ts kubectl create -f FILE");
    if (args.positionals.length > 0)
      throw new UsageError(`unexpected arguments: ${args.positionals.join(" ")}`);
    const dryRun = dryRunOf(args);
    const print = resultPrinter(args, io);
    const cluster = connect(args, io);
    try {
      const sources = await sourcesIn(files, args, io);
      const all = sources.flatMap(({ name, objects }) => objects.map((object) => ({ object, source: name })));
      return await eachError(io, all, async ({ object, source }) => {
        try {
          const made =
            dryRun === "client" ? object : await createObject(cluster, object, args, dryRun, source);
          print(made, `created${dryRunNote(dryRun)}`);
        } catch (error) {
          throw about(error, "creating", source);
        }
      });
    } finally {
      cluster.close();
    }
  },
};
