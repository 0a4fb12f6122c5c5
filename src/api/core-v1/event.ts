import { ageOf } from "#machinery/elapsed";
import { text, wide } from "#api/columns";
import { ObjectReference } from "#api/core-v1/reference";
import { problemsOfEvent } from "./event-rules.ts";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, microTime, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const EventSource = struct("core.v1.EventSource", {
  component: string(1).doc("Program that tells of the event."),
  host: string(2).doc("Node that it runs on."),
});
export interface EventSource extends Of<typeof EventSource> {}

export const EventSeries = struct("core.v1.EventSeries", {
  count: int32(1).doc("How often it happened in this series."),
  lastObservedTime: microTime(2).orNull().doc("When it happened last."),
});
export interface EventSeries extends Of<typeof EventSeries> {}

interface EventParts {
  readonly metadata: ObjectMeta;
  readonly involvedObject: ObjectReference;
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly source: EventSource;
  readonly series?: EventSeries;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

const firstSeen = ({ firstTimestamp, eventTime }: EventParts): string | null | undefined =>
  firstTimestamp ?? eventTime;

const lastSeen = (event: EventParts): string | null | undefined =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);

const sourceText = ({ source, reportingComponent, reportingInstance }: EventParts): string =>
  [source.component || reportingComponent, source.host || reportingInstance].filter(Boolean).join(", ");

export const Event = resource({
  apiVersion: "v1",
  kind: "Event",
  doc: "Something that happened to an object.",
  plural: "events",
  shortNames: ["ev"],
  namespaced: true,
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    involvedObject: value(2, ObjectReference).required().doc("What it is about."),
    reason: string(3).doc("One word on why."),
    message: string(4).doc("More about it in plain words."),
    source: value(5, EventSource).doc("Who says so."),
    firstTimestamp: time(6).orNull().doc("When it happened first."),
    lastTimestamp: time(7).orNull().doc("When it happened last."),
    count: int32(8).doc("How often it happened."),
    type: string(9).doc("Normal or Warning."),
    eventTime: microTime(10).orNull().doc("When it was first observed."),
    series: ref(11, EventSeries).doc("How it goes on happening."),
    action: string(12).doc("What was done, or did not work."),
    related: ref(13, ObjectReference).doc("Another object that has to do with it."),
    reportingComponent: string(14).always().doc("Controller that says so."),
    reportingInstance: string(15).always().doc("Which one of them."),
  },

  fieldSelectors: {
    "involvedObject.kind": ({ involvedObject }) => involvedObject.kind ?? "",
    "involvedObject.namespace": ({ involvedObject }) => involvedObject.namespace ?? "",
    "involvedObject.name": ({ involvedObject }) => involvedObject.name ?? "",
    "involvedObject.uid": ({ involvedObject }) => involvedObject.uid ?? "",
    "involvedObject.apiVersion": ({ involvedObject }) => involvedObject.apiVersion ?? "",
    "involvedObject.resourceVersion": ({ involvedObject }) => involvedObject.resourceVersion ?? "",
    "involvedObject.fieldPath": ({ involvedObject }) => involvedObject.fieldPath ?? "",
    reason: ({ reason }) => reason ?? "",
    reportingComponent: ({ reportingComponent }) => reportingComponent,
    source: ({ source, reportingComponent }) => source.component || reportingComponent,
    type: ({ type }) => type ?? "",
  },
  columns: [
    text("Last Seen", (event: EventParts, now) => ageOf(lastSeen(event), now)),
    text("Type", (event: EventParts) => event.type ?? ""),
    text("Reason", (event: EventParts) => event.reason ?? ""),
    text("Object", ({ involvedObject: { kind, name } }: EventParts) =>
      name ? `${(kind ?? "").toLowerCase()}/${name}` : (kind ?? "").toLowerCase(),
    ),
    wide("Subobject", ({ involvedObject }: EventParts) => involvedObject.fieldPath ?? ""),
    wide("Source", sourceText),
    text("Message", (event: EventParts) => (event.message ?? "").trim()),
    wide("First Seen", (event: EventParts, now) => ageOf(firstSeen(event), now)),
    wide("Count", (event: EventParts) => event.series?.count ?? (event.count || 1)),
    { ...wide("Name", ({ metadata }: EventParts) => metadata.name), format: "name" },
  ],
  rules: {
    validate: (event) =>
      problemsOfEvent({
        namespace: event.metadata.namespace,
        about: event.involvedObject,
        eventTime: event.eventTime,
        controller: { field: "reportingComponent", name: event.reportingComponent },
        instance: event.reportingInstance,
        action: event.action,
        reason: event.reason,
        note: event.message,
      }),
  },
});
export interface Event extends Of<typeof Event> {}
