import { EventSource } from "#api/core-v1/event";
import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, microTime, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const EventSeries = struct("events.v1.EventSeries", {
  count: int32(1).required(),
  lastObservedTime: microTime(2).required(),
});
export interface EventSeries extends Of<typeof EventSeries> {}

export const Event = resource({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  namespaced: true,
  metadata: ObjectMeta,
  createOnUpdate: true,
  storedAs: "v1/Event",
  fields: {
    eventTime: microTime(2).required(),
    series: ref(3, EventSeries),
    reportingController: string(4),
    reportingInstance: string(5),
    action: string(6),
    reason: string(7),
    regarding: value(8, ObjectReference),
    related: ref(9, ObjectReference),
    note: string(10),
    type: string(11),
    deprecatedSource: value(12, EventSource),
    deprecatedFirstTimestamp: time(13).orNull(),
    deprecatedLastTimestamp: time(14).orNull(),
    deprecatedCount: int32(15),
  },
});
export interface Event extends Of<typeof Event> {}
