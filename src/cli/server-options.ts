/** The flags of the control plane as options of a command. */
import { type FlagTexts, FlagError, parseServerFlags, serverFlags } from "#cluster/flags/server-flags";
import type { Flag } from "#cluster/flags/flag";
import { type Arguments, type Option, type Options, UsageError } from "./verb.ts";

const flags: readonly (readonly [string, Flag<unknown>])[] = Object.entries(serverFlags);

export const serverOptions: Options = Object.fromEntries(
  flags.map(([name, { value, help, bare, multiple }]): [string, Option] => [
    name,
    { type: "string", value, help, ...(bare ? { bare } : {}), ...(multiple ? { multiple } : {}) },
  ]),
);

/** What a local cluster has laid out itself: its nodes reach the control plane by these. */
const LAID_OUT = new Set(["advertise-address", "bind-address", "cert-dir"]);

/** Those that are left to decide for a local cluster. */
export const localServerOptions: Options = Object.fromEntries(
  Object.entries(serverOptions).filter(([name]) => !LAID_OUT.has(name)),
);

/** The words that were given, checked. Throws a UsageError. */
export function serverFlagsOf(args: Arguments): FlagTexts {
  const texts: Record<string, readonly string[]> = {};
  for (const [name, { multiple, keep = (text: string) => text }] of flags) {
    const given = multiple ? args.list(name) : [args.text(name)].filter((text) => text !== undefined);
    if (given.length > 0) texts[name] = given.map(keep);
  }
  try {
    parseServerFlags(texts);
  } catch (error) {
    if (error instanceof FlagError) throw new UsageError(error.message);
    throw error;
  }
  return texts;
}
