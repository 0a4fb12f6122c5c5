import { ageOf } from "#machinery/elapsed";
import { type Problems, unchanged } from "#api/checks";
import { text, wide } from "#api/columns";
import { EventSource } from "#api/core-v1/event";
import { type EventFacts, problemsOfEvent } from "#api/core-v1/event-rules";
import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  int32,
  invalid,
  microTime,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const EventSeries = struct("events.v1.EventSeries", {
  count: int32(1).required().doc("How often it happened in this series."),
  lastObservedTime: microTime(2).required().doc("When it happened last."),
});
export interface EventSeries extends Of<typeof EventSeries> {}

interface EventParts {
  readonly metadata: ObjectMeta;
  readonly eventTime: string;
  readonly series?: EventSeries;
  readonly regarding: ObjectReference;
  readonly action?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly type?: string;
  readonly reportingController?: string;
  readonly reportingInstance?: string;
  readonly deprecatedSource: EventSource;
  readonly deprecatedFirstTimestamp?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedCount?: number;
}

const firstSeen = ({ deprecatedFirstTimestamp, eventTime }: EventParts): string =>
  deprecatedFirstTimestamp ?? eventTime;

const lastSeen = (event: EventParts): string =>
  event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? firstSeen(event);

export const Event = resource({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  doc: "Something that happened to an object.",
  plural: "events",
  shortNames: ["ev"],
  namespaced: true,
  metadata: ObjectMeta,
  createOnUpdate: true,
  storedAs: "v1/Event",
  fields: {
    eventTime: microTime(2).required().doc("When it was first observed."),
    series: ref(3, EventSeries).doc("How it went on, where it happened several times."),
    reportingController: string(4).doc("Controller that tells of it."),
    reportingInstance: string(5).doc("Which process of the controller."),
    action: string(6).doc("What was done or failed."),
    reason: string(7).doc("One word on why."),
    regarding: value(8, ObjectReference).doc("The object that it is about."),
    related: ref(9, ObjectReference).doc("Another object that takes part."),
    note: string(10).doc("What happened, in plain words."),
    type: string(11).doc("Normal or Warning."),
    deprecatedSource: value(12, EventSource).doc("For older clients: who tells of it."),
    deprecatedFirstTimestamp: time(13).orNull().doc("For older clients: when it happened first."),
    deprecatedLastTimestamp: time(14).orNull().doc("For older clients: when it happened last."),
    deprecatedCount: int32(15).doc("For older clients: how often it happened."),
  },

  fieldSelectors: {
    "regarding.kind": ({ regarding }) => regarding.kind ?? "",
    "regarding.namespace": ({ regarding }) => regarding.namespace ?? "",
    "regarding.name": ({ regarding }) => regarding.name ?? "",
    "regarding.uid": ({ regarding }) => regarding.uid ?? "",
    "regarding.apiVersion": ({ regarding }) => regarding.apiVersion ?? "",
    "regarding.resourceVersion": ({ regarding }) => regarding.resourceVersion ?? "",
    "regarding.fieldPath": ({ regarding }) => regarding.fieldPath ?? "",
    reason: ({ reason }) => reason ?? "",
    reportingController: ({ reportingController }) => reportingController ?? "",
    type: ({ type }) => type ?? "",
  },
  columns: [
    text("Last Seen", (event: EventParts, now) => ageOf(lastSeen(event), now)),
    text("Type", (event: EventParts) => event.type ?? ""),
    text("Reason", (event: EventParts) => event.reason ?? ""),
    text("Object", ({ regarding: { kind, name } }: EventParts) =>
      name ? `${(kind ?? "").toLowerCase()}/${name}` : (kind ?? "").toLowerCase(),
    ),
    wide("Subobject", ({ regarding }: EventParts) => regarding.fieldPath ?? ""),
    wide("Source", (event: EventParts) =>
      [
        event.deprecatedSource.component || event.reportingController,
        event.deprecatedSource.host || event.reportingInstance,
      ]
        .filter(Boolean)
        .join(", "),
    ),
    text("Message", (event: EventParts) => (event.note ?? "").trim()),
    wide("First Seen", (event: EventParts, now) => ageOf(firstSeen(event), now)),
    wide("Count", (event: EventParts) => event.series?.count ?? (event.deprecatedCount || 1)),
    { ...wide("Name", ({ metadata }: EventParts) => metadata.name), format: "name" },
  ],
  rules: {
    validate: (event) => problemsOfEvent(factsOf(event)),
    *validateCreate(event) {
      if (!event.eventTime) yield required("eventTime");
      if (event.type !== "Normal" && event.type !== "Warning")
        yield invalid("type", event.type ?? "", `has invalid value: ${event.type ?? ""}`);
      yield* problemsOfOldFields(event);
    },
    *validateUpdate(event, old) {
      for (const field of FIXED) yield* unchanged(field, event[field], old[field]);
    },
  },
});

/** An event tells what happened once; only its series goes on. */
const FIXED = [
  "regarding",
  "reason",
  "note",
  "deprecatedSource",
  "deprecatedFirstTimestamp",
  "deprecatedLastTimestamp",
  "deprecatedCount",
  "type",
  "eventTime",
  "action",
  "related",
  "reportingController",
  "reportingInstance",
] as const;

const factsOf = (event: EventParts): EventFacts => ({
  namespace: event.metadata.namespace,
  about: event.regarding,
  eventTime: event.eventTime,
  controller: { field: "reportingController", name: event.reportingController },
  instance: event.reportingInstance,
  action: event.action,
  reason: event.reason,
  note: event.note,
});

/** Whoever writes the newer form has no use for the older fields. Their paths are those of the older form. */
function* problemsOfOldFields(event: EventParts): Problems {
  const unset = "needs to be unset";
  if (event.deprecatedFirstTimestamp) yield invalid("firstTimestamp", event.deprecatedFirstTimestamp, unset);
  if (event.deprecatedLastTimestamp) yield invalid("lastTimestamp", event.deprecatedLastTimestamp, unset);
  if (event.deprecatedCount) yield invalid("count", event.deprecatedCount, unset);
  const { component, host } = event.deprecatedSource;
  if (component || host) yield invalid("source", event.deprecatedSource, unset);
}

export interface Event extends Of<typeof Event> {}
