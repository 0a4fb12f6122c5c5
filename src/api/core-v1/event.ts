import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, microTime, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const EventSource = struct("core.v1.EventSource", {
  component: string(1),
  host: string(2),
});
export interface EventSource extends Of<typeof EventSource> {}

export const EventSeries = struct("core.v1.EventSeries", {
  count: int32(1),
  lastObservedTime: microTime(2).orNull(),
});
export interface EventSeries extends Of<typeof EventSeries> {}

export const Event = resource({
  apiVersion: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  namespaced: true,
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    involvedObject: value(2, ObjectReference).required(),
    reason: string(3),
    message: string(4),
    source: value(5, EventSource),
    firstTimestamp: time(6).orNull(),
    lastTimestamp: time(7).orNull(),
    count: int32(8),
    type: string(9),
    eventTime: microTime(10).orNull(),
    series: ref(11, EventSeries),
    action: string(12),
    related: ref(13, ObjectReference),
    reportingComponent: string(14).always(),
    reportingInstance: string(15).always(),
  },
});
export interface Event extends Of<typeof Event> {}
