import type { Query } from "#client/transport";
import { type Arguments, type Options, UsageError } from "../verb.ts";

export const dryRunOptions = {
  "dry-run": {
    type: "string",
    bare: "unchanged",
    value: "none",
    help: "client: only print it; server: let the server check it without keeping it",
  },
} as const satisfies Options;

export type DryRun = "none" | "client" | "server";

export function dryRunOf(args: Arguments): DryRun {
  const text = args.text("dry-run") ?? "none";
  if (text === "none" || text === "client" || text === "server") return text;
  throw new UsageError(`Invalid dry-run value (${text}). Must be "none", "server", or "client".`);
}

/** After the word that says what was done. */
export const dryRunNote = (dryRun: DryRun): string =>
  dryRun === "client" ? " (dry run)" : dryRun === "server" ? " (server dry run)" : "";

export const dryRunQuery = (dryRun: DryRun): Query => (dryRun === "server" ? { dryRun: "All" } : {});
