import type { DaemonSet } from "#api/apps-v1/daemonset";
import type { Deployment } from "#api/apps-v1/deployment";
import type { StatefulSet } from "#api/apps-v1/statefulset";
import type { Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { durationOf } from "../durations.ts";
import type { AnyObject } from "../objects.ts";
import { states, within } from "../states.ts";
import { expectKind, rolloutTargets } from "./target.ts";

export const status: Verb = {
  usage: "k8ts kubectl rollout status TYPE/NAME [--watch=false] [--timeout=TIME]",
  summary: "Tells how far a rollout is, until it is done.",
  options: {
    watch: { type: "boolean", short: "w", help: "until it is done; on by default, --watch=false looks once" },
    timeout: { type: "string", value: "TIME", help: "give up after this time" },
  },
  endsItself: true,
  async run(args, io) {
    const cluster = connect(args, io);
    const timeoutMs = durationOf(args, "timeout") ?? 0;
    try {
      for (const target of await rolloutTargets(cluster, args)) {
        const { kind, namespace, name } = target;
        expectKind(kind, "rollout status", "deployments.apps", "daemonsets.apps", "statefulsets.apps");
        await cluster.get(kind, name, namespace);
        let told = "";
        await within(io.clock, timeoutMs, "timed out waiting for the condition", async (signal) => {
          for await (const object of states(cluster, target, { signal })) {
            if (!object) throw new Error("object has been deleted");
            const { text, done } = progressOf(object);
            if (text !== told) io.write(`${text}\n`);
            told = text;
            if (done || !args.flag("watch", true)) return;
          }
        });
      }
      return 0;
    } finally {
      cluster.close();
    }
  },
};

export interface Progress {
  readonly text: string;
  readonly done: boolean;
}

/** Throws when the rollout has failed. */
export function progressOf(object: AnyObject): Progress {
  switch (object.kind) {
    case "Deployment":
      return deploymentProgress(object as unknown as Deployment);
    case "DaemonSet":
      return daemonSetProgress(object as unknown as DaemonSet);
    default:
      return statefulSetProgress(object as unknown as StatefulSet);
  }
}

const waiting = (text: string): Progress => ({ text, done: false });
const finished = (text: string): Progress => ({ text, done: true });

function deploymentProgress({
  metadata,
  spec,
  status: is = {} as Deployment["status"],
}: Deployment): Progress {
  const { name, generation = 0 } = metadata;
  if (generation > (is.observedGeneration ?? 0))
    return waiting("Waiting for deployment spec update to be observed...");
  const progressing = is.conditions?.find(({ type }) => type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded")
    throw new Error(`deployment ${JSON.stringify(name)} exceeded its progress deadline`);
  const wanted = spec.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = is;
  const head = `Waiting for deployment ${JSON.stringify(name)} rollout to finish:`;
  if (updatedReplicas < wanted)
    return waiting(`${head} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  if (replicas > updatedReplicas)
    return waiting(`${head} ${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas)
    return waiting(`${head} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  return finished(`deployment ${JSON.stringify(name)} successfully rolled out`);
}

function daemonSetProgress({ metadata, spec, status: is }: DaemonSet): Progress {
  const { name, generation = 0 } = metadata;
  if (spec.updateStrategy?.type !== "RollingUpdate")
    throw new Error("rollout status is only available for RollingUpdate strategy type");
  if (generation > (is.observedGeneration ?? 0))
    return waiting("Waiting for daemon set spec update to be observed...");
  const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled: updated = 0, numberAvailable = 0 } = is;
  const head = `Waiting for daemon set ${JSON.stringify(name)} rollout to finish:`;
  if (updated < wanted) return waiting(`${head} ${updated} out of ${wanted} new pods have been updated...`);
  if (numberAvailable < wanted)
    return waiting(`${head} ${numberAvailable} of ${wanted} updated pods are available...`);
  return finished(`daemon set ${JSON.stringify(name)} successfully rolled out`);
}

function statefulSetProgress({ metadata, spec, status: is }: StatefulSet): Progress {
  const { generation = 0 } = metadata;
  if (spec.updateStrategy?.type !== "RollingUpdate")
    throw new Error("rollout status is only available for RollingUpdate strategy type");
  if (generation > (is.observedGeneration ?? 0))
    return waiting("Waiting for statefulset spec update to be observed...");
  const wanted = spec.replicas ?? 1;
  const { readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0 } = is;
  if (readyReplicas < wanted) return waiting(`Waiting for ${wanted - readyReplicas} pods to be ready...`);
  const partition = Number(spec.updateStrategy.rollingUpdate?.partition ?? 0);
  if (partition > 0) {
    if (updatedReplicas < wanted - partition) {
      return waiting(
        `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${wanted - partition} new pods have been updated...`,
      );
    }
    return finished(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
  }
  if (is.updateRevision !== is.currentRevision) {
    return waiting(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${is.updateRevision}...`,
    );
  }
  return finished(
    `statefulset rolling update complete ${currentReplicas} pods at revision ${is.currentRevision}...`,
  );
}
