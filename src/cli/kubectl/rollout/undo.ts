import { sameJson } from "#machinery/same-json";
import type { Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { dryRunNote, dryRunOf, dryRunOptions, dryRunQuery } from "../dry-run.ts";
import { numberOf } from "../durations.ts";
import { eachError } from "../each-error.ts";
import { at } from "../objects.ts";
import { revisionsOf } from "./revisions.ts";
import { expectKind, rolloutTargets } from "./target.ts";

export const undo: Verb = {
  usage: "k8ts kubectl rollout undo TYPE/NAME [--to-revision=N]",
  summary: "Goes back to the revision before, or to another one that is kept.",
  options: {
    "to-revision": { type: "string", value: "N", help: "the revision, by default the one before" },
    ...dryRunOptions,
  },
  async run(args, io) {
    const wanted = numberOf(args, "to-revision") ?? 0;
    const dryRun = dryRunOf(args);
    const cluster = connect(args, io);
    try {
      return await eachError(io, await rolloutTargets(cluster, args), async (target) => {
        const { kind, namespace, name } = target;
        expectKind(kind, "rollback", "deployments.apps", "daemonsets.apps", "statefulsets.apps");
        const { object, revisions } = await revisionsOf(cluster, target);
        if (at(object, "spec.paused") === true)
          throw new Error(
            `you cannot rollback a paused deployment; resume it first with 'k8ts kubectl rollout resume ${kind.shown(name)}'`,
          );
        const found = wanted > 0 ? revisions.find(({ number }) => number === wanted) : revisions.at(-2);
        if (!found)
          throw new Error(
            wanted > 0
              ? `unable to find specified revision ${wanted} in history`
              : "no rollout history found",
          );
        const done = `rolled back${dryRunNote(dryRun)}`;
        if (sameJson(found.template, at(object, "spec.template"))) {
          io.write(
            `${kind.shown(name)} skipped rollback (current template already matches revision ${found.number})\n`,
          );
          return;
        }
        if (dryRun !== "client") {
          await cluster.request("PATCH", kind.path(namespace, name), {
            contentType: "application/json-patch+json",
            query: { fieldManager: "kubectl-rollout", ...dryRunQuery(dryRun) },
            body: [{ op: "replace", path: "/spec/template", value: found.template }],
          });
        }
        io.write(`${kind.shown(name)} ${done}\n`);
      });
    } finally {
      cluster.close();
    }
  },
};
