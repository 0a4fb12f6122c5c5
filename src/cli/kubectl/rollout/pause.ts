import type { Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { eachError } from "../each-error.ts";
import { at } from "../objects.ts";
import { expectKind, rolloutTargets } from "./target.ts";

const setting = (word: string, paused: boolean, done: string, summary: string): Verb => ({
  usage: `k8ts kubectl rollout ${word} deployment/NAME…`,
  summary,
  options: {},
  async run(args, io) {
    const cluster = connect(args, io);
    try {
      return await eachError(io, await rolloutTargets(cluster, args), async ({ kind, namespace, name }) => {
        expectKind(kind, word, "deployments.apps");
        const is = at(await cluster.get(kind, name, namespace), "spec.paused") === true;
        if (is === paused)
          throw new Error(
            `${kind.groupPlural} ${JSON.stringify(name)} is ${paused ? "already" : "not"} paused`,
          );
        await cluster.request("PATCH", kind.path(namespace, name), {
          contentType: "application/strategic-merge-patch+json",
          query: { fieldManager: "kubectl-rollout" },
          body: { spec: { paused } },
        });
        io.write(`${kind.shown(name)} ${done}\n`);
      });
    } finally {
      cluster.close();
    }
  },
});

export const pause = setting(
  "pause",
  true,
  "paused",
  "Changes of a deployment's template wait until it is resumed.",
);
export const resume = setting(
  "resume",
  false,
  "resumed",
  "Acts on changes of a deployment's template again.",
);
