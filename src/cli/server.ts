import { startControlPlane } from "#cluster/control-plane";
import { controlPlaneOptions } from "#cluster/local-control-plane";
import { serverDaemon } from "#cluster/daemons";
import { clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import { runDaemon } from "./daemon-verb.ts";
import { serverFlagsOf, serverOptions } from "./server-options.ts";
import type { Verb } from "./verb.ts";

export const server: Verb = {
  usage: "k8ts server [--name NAME] [--data-dir DIR] [--store STORE] [flags of the control plane]",
  summary: "Runs a control plane in the foreground, until SIGTERM.",
  options: { ...clusterOptions, ...serverOptions },
  endsItself: true,
  async run(args, io) {
    expectNone(args);
    const [places, flags] = [clusterPlaces(args), serverFlagsOf(args)];
    return runDaemon(io, serverDaemon(places), (scope) =>
      startControlPlane(controlPlaneOptions(places, flags, scope)),
    );
  },
};
