import { formatTime } from "#machinery/time";
import type { Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { eachError } from "../each-error.ts";
import { at } from "../objects.ts";
import { expectKind, rolloutTargets } from "./target.ts";

const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

export const restart: Verb = {
  usage: "k8ts kubectl rollout restart TYPE/NAME…",
  summary: "Replaces all pods, as if something in their template had changed.",
  options: {},
  async run(args, io) {
    const cluster = connect(args, io);
    try {
      return await eachError(io, await rolloutTargets(cluster, args), async ({ kind, namespace, name }) => {
        expectKind(kind, "restarting", "deployments.apps", "daemonsets.apps", "statefulsets.apps");
        if (at(await cluster.get(kind, name, namespace), "spec.paused") === true)
          throw new Error(
            `${kind.groupPlural} ${JSON.stringify(name)} can't restart paused deployment (run rollout resume first)`,
          );
        const annotations = { [RESTARTED_AT]: formatTime(io.clock.now()) };
        await cluster.request("PATCH", kind.path(namespace, name), {
          contentType: "application/strategic-merge-patch+json",
          query: { fieldManager: "kubectl-rollout" },
          body: { spec: { template: { metadata: { annotations } } } },
        });
        io.write(`${kind.shown(name)} restarted\n`);
      });
    } finally {
      cluster.close();
    }
  },
};
