import type { GroupFacts } from "#api/groups";
import { compareVersions } from "#machinery/version-order";
import { CUSTOM_PRIORITY, FIRST_PRIORITY, type Priority, builtInPriority } from "./priorities.ts";

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** The group of API services itself. */
const FIRST_GROUP = "apiregistration.k8s.io";

/**
 * Groups that this server serves and those of others as one list. A group stands where the highest of its versions'
 * priorities puts it, and goes by its name among equals.
 */
export function mergedGroups(
  own: readonly GroupFacts[],
  others: readonly GroupVersion[],
  announced: (group: string, version: string) => Priority | undefined,
): GroupFacts[] {
  const versions = new Map<string, Set<string>>();
  for (const { name, versions: served } of own) versions.set(name, new Set(served));
  for (const { group, version } of others) {
    const known = versions.get(group) ?? new Set();
    versions.set(group, known.add(version));
  }
  const placed = Array.from(versions, ([name, served]) => {
    const rows = Array.from(served, (version) => ({
      version,
      ...(announced(name, version) ?? unannounced(name, version)),
    }));
    rows.sort((a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version));
    return { name, rows, priority: Math.max(...rows.map((row) => row.groupPriorityMinimum)) };
  });
  placed.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  return placed.map(({ name, rows }) => {
    const sorted = rows.map(({ version }) => version);
    return { name, versions: sorted, preferred: sorted[0]!, served: sorted };
  });
}

const unannounced = (group: string, version: string): Priority =>
  group === FIRST_GROUP ? FIRST_PRIORITY : (builtInPriority(group, version) ?? CUSTOM_PRIORITY);
