import { formatColumns } from "../../columns.ts";
import type { Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { podTemplateLines } from "../describe/pod-template.ts";
import { numberOf } from "../durations.ts";
import { eachError } from "../each-error.ts";
import { revisionsOf } from "./revisions.ts";
import { expectKind, rolloutTargets } from "./target.ts";

export const history: Verb = {
  usage: "k8ts kubectl rollout history TYPE/NAME [--revision=N]",
  summary: "Lists the revisions that are kept, or shows one of them.",
  options: { revision: { type: "string", value: "N", help: "show this one in full" } },
  async run(args, io) {
    const wanted = numberOf(args, "revision") ?? 0;
    const cluster = connect(args, io);
    try {
      return await eachError(io, await rolloutTargets(cluster, args), async (target) => {
        expectKind(target.kind, "history", "deployments.apps", "daemonsets.apps", "statefulsets.apps");
        const { revisions } = await revisionsOf(cluster, target);
        const shown = target.kind.shown(target.name);
        if (wanted === 0) {
          const rows = revisions.map(({ number, cause }) => [String(number), cause]);
          io.write(`${shown} \n${formatColumns([["REVISION", "CHANGE-CAUSE"], ...rows], [], 2)}\n`);
          return;
        }
        const found = revisions.find(({ number }) => number === wanted);
        if (!found) throw new Error("unable to find the specified revision");
        io.write(`${shown} with revision #${wanted}\n${podTemplateLines(found.template)}\n`);
      });
    } finally {
      cluster.close();
    }
  },
};
