import { settingsOf } from "#cluster/local-settings";
import { containerdDaemon } from "#cluster/containerd/start";
import { pidOf } from "#cluster/daemon/daemon";
import type { ClusterPlaces, NodePlaces } from "#cluster/places";
import { StepFailed } from "#cluster/steps";

/** The nodes of the cluster. All of them run, or this throws. */
export function runningNodes(places: ClusterPlaces): readonly NodePlaces[] {
  const nodes = settingsOf(places).nodes.map((name) => places.node(name));
  const stopped = nodes.filter((node) => pidOf(containerdDaemon(node)) === undefined);
  if (stopped.length === 0) return nodes;
  const names = stopped.map(({ name }) => name).join(", ");
  throw new StepFailed(
    `containerd does not run on ${names}`,
    `start the cluster with: k8ts up --name ${places.name}`,
  );
}
