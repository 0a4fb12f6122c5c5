import { test } from "node:test";
import assert from "node:assert/strict";
import { Event as CoreEvent } from "#api/core-v1/event";
import { Event } from "#api/events-v1/event";
import { ControllerRevision } from "#api/apps-v1/controllerrevision";
import { problemsOf, updateProblems } from "#api/test-kit";

const metadata = { name: "e", namespace: "web", resourceVersion: "1" };
const event = (change: object) => ({
  metadata,
  eventTime: "2026-01-01T00:00:00.000000Z",
  reportingController: "example.com/robot",
  reportingInstance: "robot-1",
  action: "Restart",
  reason: "Unwell",
  regarding: { kind: "Pod", namespace: "web", name: "a" },
  type: "Normal",
  ...change,
});

test("a new event says who did what, and nothing in the old fields", () => {
  assert.deepEqual(problemsOf(Event, event({})), []);
  assert.deepEqual(problemsOf(Event, event({ action: "", reportingController: "" })), [
    "reportingController: Required value",
    "action: Required value",
  ]);
  assert.deepEqual(problemsOf(Event, event({ type: "Odd" })), [
    'type: Invalid value: "Odd": has invalid value: Odd',
  ]);
  assert.deepEqual(problemsOf(Event, event({ deprecatedCount: 2 })), [
    "count: Invalid value: 2: needs to be unset",
  ]);
  assert.deepEqual(problemsOf(Event, event({ regarding: { namespace: "other" } })), [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]);
});

test("of an event only the series goes on", () => {
  const series = { count: 3, lastObservedTime: "2026-01-01T00:01:00.000000Z" };
  assert.deepEqual(updateProblems(Event, event({}), event({ series })), []);
  assert.deepEqual(updateProblems(Event, event({}), event({ reason: "Well" })), [
    'reason: Invalid value: "Well": field is immutable',
  ]);
});

test("events in the old form need no controller", () => {
  const old = { metadata, involvedObject: { kind: "Pod", namespace: "web", name: "a" }, reason: "Unwell" };
  assert.deepEqual(problemsOf(CoreEvent, old), []);
  assert.deepEqual(problemsOf(CoreEvent, { ...old, eventTime: "2026-01-01T00:00:00.000000Z" }), [
    "reportingComponent: Required value",
    "reportingInstance: Required value",
    "action: Required value",
  ]);
});

test("a revision holds data that never change", () => {
  const revision = (data: unknown) => ({ metadata, data, revision: 1 });
  assert.deepEqual(problemsOf(ControllerRevision, { metadata, revision: -1 }), [
    "data: Required value: data is mandatory",
    "revision: Invalid value: -1: must be greater than or equal to 0",
  ]);
  assert.deepEqual(updateProblems(ControllerRevision, revision({ a: 1 }), revision({ a: 2 })), [
    'data: Invalid value: {"a":2}: field is immutable',
  ]);
});
