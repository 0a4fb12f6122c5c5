import type { Query } from "#client/transport";
import type { Arguments, Options } from "../verb.ts";

export const selectorOptions = {
  selector: {
    type: "string",
    short: "l",
    value: "LABELS",
    help: "those with these labels: app=web,tier!=back",
  },
  "field-selector": { type: "string", value: "FIELDS", help: "those with these fields: metadata.name=web" },
} as const satisfies Options;

/** The query of a list or watch. */
export function selectorQuery(args: Arguments): Query {
  const [labelSelector, fieldSelector] = [args.text("selector"), args.text("field-selector")];
  return {
    ...(labelSelector ? { labelSelector } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
  };
}
