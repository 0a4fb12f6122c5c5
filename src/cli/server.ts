import { startControlPlane } from "#cluster/control-plane";
import { controlPlaneOptions } from "#cluster/local-daemons";
import { serverDaemon } from "#cluster/up";
import { clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import { runDaemon } from "./daemon-verb.ts";
import type { Verb } from "./verb.ts";

export const server: Verb = {
  usage: "k8ts server [--name NAME] [--data-dir DIR]",
  summary: "Runs the control plane of a local cluster in the foreground, until SIGTERM.",
  options: clusterOptions,
  endsItself: true,
  async run(args, io) {
    expectNone(args);
    const places = clusterPlaces(args);
    return runDaemon(io, serverDaemon(places), (scope) =>
      startControlPlane(controlPlaneOptions(places, scope)),
    );
  },
};
