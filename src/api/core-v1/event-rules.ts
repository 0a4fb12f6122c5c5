import { named, type Problems } from "#api/checks";
import type { ObjectReference } from "#api/core-v1/reference";
import { invalid, required } from "#machinery/schema";

const NAME_BYTES_MAX = 128;
const NOTE_BYTES_MAX = 1024;

/** What both forms of an event say. */
export interface EventFacts {
  readonly namespace: string | undefined;
  readonly about: ObjectReference;
  /** Newer clients tell it; with it goes who tells of the event, and what was done. */
  readonly eventTime: string | null | undefined;
  readonly controller: { readonly field: string; readonly name: string | undefined };
  readonly instance: string | undefined;
  readonly action: string | undefined;
  readonly reason: string | undefined;
  readonly note: string | undefined;
}

/** What is wrong with an event, whichever its form. */
export function* problemsOfEvent(event: EventFacts): Problems {
  yield* problemsOfNamespace(event.namespace, event.about.namespace ?? "");
  if (!event.eventTime) return;
  const { field, name } = event.controller;
  if (!name) yield required(field);
  else yield* named(field, name, "qualified-name");
  yield* shortText("reportingInstance", event.instance);
  yield* shortText("action", event.action);
  yield* shortText("reason", event.reason);
  if (byteLength(event.note) > NOTE_BYTES_MAX)
    yield invalid("message", "", `can have at most ${NOTE_BYTES_MAX} bytes`);
}

/** Events are beside their objects; those of the cluster are in default or kube-system. */
function* problemsOfNamespace(namespace: string | undefined, of: string): Problems {
  const isRight = of === "" ? namespace === "default" || namespace === "kube-system" : namespace === of;
  if (!isRight) yield invalid("involvedObject.namespace", of, "does not match event.namespace");
}

function* shortText(path: string, text: string | undefined): Problems {
  if (!text) yield required(path);
  else if (byteLength(text) > NAME_BYTES_MAX)
    yield invalid(path, "", `can have at most ${NAME_BYTES_MAX} bytes`);
}

const byteLength = (text = ""): number => new TextEncoder().encode(text).length;
