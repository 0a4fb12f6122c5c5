/** The daemons of a local cluster that are ours. A file of its own: they need not know how they are started. */
import type { Daemon } from "./daemon/daemon.ts";
import type { ClusterPlaces, NodePlaces } from "./places.ts";

export const serverDaemon = (places: ClusterPlaces): Daemon => ({
  what: "the control plane",
  pidFile: places.serverPid,
  logFile: places.serverLog,
});

export const agentDaemon = (places: NodePlaces): Daemon => ({
  what: `the agent of ${places.name}`,
  pidFile: places.agentPid,
  logFile: places.agentLog,
});
