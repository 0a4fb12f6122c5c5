/**
 * Every flag of the control plane, by the name that upstream's has where there is one. A new one is a line here; what
 * it is set to arrives as `flags` of the `ControlPlaneOptions`, absent when it was not given.
 */
import { isGlobalUnicast, parseCidr } from "#base/ip";
import { parseDuration } from "#machinery/time";
import { absoluteStore, type StoreLocation, parseStoreLocation } from "../store-location.ts";
import { auditFlags } from "./audit-flags.ts";
import { encryptionFlags } from "./encryption-flags.ts";
import { frontProxyFlags } from "./front-proxy-flags.ts";
import { loadFlags } from "./load-flags.ts";
import { securityFlags } from "./security-flags.ts";
import { type Flag, file, names, parsed, text, toggle, toggles, wholeNumber } from "./flag.ts";

export const serverFlags = {
  store: {
    ...parsed<StoreLocation>(
      {
        value: "STORE",
        help: '"disk", or etcd://HOST:PORT[,HOST:PORT…][?ca=FILE&cert=FILE&key=FILE]',
      },
      parseStoreLocation,
    ),
    keep: absoluteStore,
  },
  "bind-address": text({
    value: "ADDRESS",
    help: "address to serve at, by default every one of the machine",
  }),
  "secure-port": wholeNumber({ value: "PORT", help: "port to serve at" }),
  "advertise-address": parsed(
    { value: "ADDRESS", help: "where nodes and pods reach this API server" },
    reachableAddress,
  ),
  "cert-dir": file({ value: "DIR", help: "keys and certificates, the same for all servers of a cluster" }),
  "cluster-cidr": text({ value: "CIDR", help: "addresses of pods" }),
  "service-cluster-ip-range": parsed({ value: "CIDR", help: "addresses of services" }, serviceRange),
  "service-node-port-range": parsed({ value: "FIRST-LAST", help: "ports of services on nodes" }, portRange),
  "feature-gates": toggles({ help: "features to turn on or off" }),
  "runtime-config": toggles({
    value: "VERSION=true|false,…",
    help: "versions to serve or not: api/all, api/beta, api/alpha, GROUP/VERSION, GROUP/VERSION/RESOURCE",
  }),
  "enable-admission-plugins": names({ help: "admission plugins beside those that are on" }),
  "disable-admission-plugins": names({ help: "admission plugins to leave out" }),
  "event-ttl": parsed({ value: "DURATION", help: "how long events are kept, by default 1h" }, duration),
  "etcd-compaction-interval": parsed(
    { value: "DURATION", help: "how long history is kept, by default 5m" },
    duration,
  ),
  "endpoint-reconciler-type": parsed(
    { value: "lease|none", help: "how the addresses of the service kubernetes are kept, by default lease" },
    reconcilerType,
  ),
  "leader-elect": toggle({
    help: "controllers and scheduler work in one server at a time; by default on with etcd",
  }),
  ...securityFlags,
  ...auditFlags,
  ...encryptionFlags,
  ...frontProxyFlags,
  ...loadFlags,
} as const satisfies Readonly<Record<string, Flag<unknown>>>;

type Table = typeof serverFlags;
export type ServerFlag = keyof Table;

/** The values of the flags that were given. */
export type ServerFlags = {
  readonly [Name in ServerFlag]?: Table[Name] extends Flag<infer T> ? T : never;
};

/** The words that flags were given, as they are kept between two starts. */
export type FlagTexts = { readonly [Name in ServerFlag]?: readonly string[] };

/** A flag was given what it cannot be. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** Throws a FlagError. */
export function parseServerFlags(texts: FlagTexts): ServerFlags {
  const values: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(texts)) {
    const flag: Flag<unknown> | undefined = Object.hasOwn(serverFlags, name)
      ? serverFlags[name as ServerFlag]
      : undefined;
    if (!flag) throw new FlagError(`unknown flag: --${name}`);
    try {
      values[name] = flag.parse(given);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FlagError(`--${name} ${given.join(" ")}: ${why}`, { cause });
    }
  }
  return values as ServerFlags;
}

function reachableAddress(given: string): string {
  if (!isGlobalUnicast(given))
    throw new Error("it is no address at which other machines and pods reach this one");
  return given;
}

function serviceRange(given: string): string {
  if (!parseCidr(given)) throw new Error("it is a range of addresses, such as 10.96.0.0/16");
  return given;
}

function portRange(given: string): { readonly first: number; readonly last: number } {
  const [, low = "", high = ""] = /^([0-9]+)-([0-9]+)$/.exec(given) ?? [];
  const [first, last] = [Number(low), Number(high)];
  if (low === "" || first < 1 || first > last || last > 65_535) {
    throw new Error("it is a range of ports, such as 30000-32767");
  }
  return { first, last };
}

/** In milliseconds. */
function duration(given: string): number {
  const ms = parseDuration(given);
  if (ms === undefined || ms <= 0) throw new Error("it is a time, such as 5m or 1h30m");
  return ms;
}

function reconcilerType(given: string): "lease" | "none" {
  if (given === "lease" || given === "none") return given;
  throw new Error("it is lease or none");
}
