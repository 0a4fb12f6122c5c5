import { type ClusterPlaces, DEFAULT_CLUSTER } from "./places.ts";
import { type ClusterSettings, readSettings } from "./settings.ts";
import { StepFailed } from "./steps.ts";

/** The settings of a cluster that must be there. */
export function settingsOf(places: ClusterPlaces): ClusterSettings {
  const settings = readSettings(places);
  if (settings) return settings;
  throw new StepFailed(
    `there is no cluster ${places.name} in ${places.dir}`,
    `make it with: k8ts up${places.name === DEFAULT_CLUSTER ? "" : ` --name ${places.name}`}`,
  );
}
