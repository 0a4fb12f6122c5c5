import type { Event } from "#api/core-v1/event";
import { ageOf } from "#machinery/elapsed";
import { formatColumns } from "../../columns.ts";
import type { Cluster } from "../cluster.ts";
import type { AnyObject } from "../objects.ts";

/** The events about an object, oldest first, as a table. */
export async function eventLines(cluster: Cluster, object: AnyObject, now: number): Promise<string> {
  const { name, namespace, uid } = object.metadata;
  const kind = await cluster.kind("events");
  const parts = [
    `involvedObject.name=${name}`,
    ...(namespace === undefined ? [] : [`involvedObject.namespace=${namespace}`]),
    // About nodes some speak by uid, and some by name.
    object.kind === "Node" ? "involvedObject.kind=Node" : `involvedObject.uid=${uid}`,
  ];
  const found = (await cluster.list(kind, namespace, {
    fieldSelector: parts.join(","),
  })) as unknown as readonly Event[];
  if (found.length === 0) return "Events:  <none>\n";
  const rows = found
    .toSorted((one, other) => (lastSeen(one) < lastSeen(other) ? -1 : 1))
    .map((event) => [
      event.type ?? "",
      event.reason ?? "",
      ageText(event, now),
      event.source?.component || event.reportingComponent || "",
      `${event.involvedObject.fieldPath ? `${event.involvedObject.fieldPath}: ` : ""}${(event.message ?? "").trim()}`,
    ]);
  const table = formatColumns(
    [["Type", "Reason", "Age", "From", "Message"], ["----", "------", "----", "----", "-------"], ...rows],
    [],
    2,
  );
  return `Events:\n${table.replaceAll(/^/gm, "  ").trimEnd()}\n`;
}

const lastSeen = ({ lastTimestamp, eventTime, series, metadata }: Event): string =>
  series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "";

function ageText(event: Event, now: number): string {
  const age = ageOf(lastSeen(event), now);
  const count = event.series?.count ?? event.count ?? 1;
  const first = event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return count > 1 ? `${age} (x${count} over ${ageOf(first, now)})` : age;
}
