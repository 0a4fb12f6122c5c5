/** Where a control plane keeps its objects, as `--store` names it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isIPv4, isIPv6 } from "node:net";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { EtcdTarget } from "#store/etcd/connection";
import type { Store } from "#store/store";
import { StepFailed } from "./steps.ts";

/** Files are PEM, read when the store is opened. */
interface EtcdLocation {
  readonly type: "etcd";
  /** `host:port` */
  readonly endpoints: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** `directory` absent: the one of the cluster. */
export type StoreLocation = { readonly type: "disk"; readonly directory?: string } | EtcdLocation;

const SHAPES = "it is disk, disk:DIRECTORY or etcd://HOST:PORT[,HOST:PORT…][?ca=FILE&cert=FILE&key=FILE]";
const FILES = ["ca", "cert", "key"] as const;
const ENDPOINT = /^(\[[0-9a-f:.]+\]|[-a-z0-9.]+):[0-9]{1,5}$/i;

/** Throws an Error that says what a store may be. */
export function parseStoreLocation(given: string): StoreLocation {
  if (given === "disk") return { type: "disk" };
  if (given.startsWith("disk:") && given.length > 5) return { type: "disk", directory: given.slice(5) };
  const [, places = "", query = ""] = /^etcd:\/\/([^/?]+)\/?(?:\?(.*))?$/.exec(given) ?? [];
  const endpoints = places.split(",");
  if (!endpoints.every((endpoint) => ENDPOINT.test(endpoint))) throw new Error(SHAPES);
  const hosts = endpoints.map((endpoint) =>
    endpoint.slice(0, endpoint.lastIndexOf(":")).replace(/[[\]]/g, ""),
  );
  if (hosts.length > 1 && !hosts.every(isIPv4) && !hosts.every(isIPv6)) {
    throw new Error("several members are named by their addresses, all IPv4 or all IPv6");
  }
  const files = new URLSearchParams(query);
  for (const name of files.keys()) {
    if (!FILES.some((known) => known === name)) throw new Error(`${name} is unknown: ${SHAPES}`);
  }
  if (files.has("cert") !== files.has("key")) throw new Error("cert and key belong together");
  if (files.has("cert") && !files.has("ca")) throw new Error("cert and key need the ca of the servers");
  return { type: "etcd", endpoints, ...Object.fromEntries(files) };
}

/** The same store, named so that it is found from every folder. What makes no sense is left for the parser. */
export function absoluteStore(given: string): string {
  if (given.startsWith("disk:")) return `disk:${resolve(given.slice(5))}`;
  const [place = "", query] = given.split("?");
  if (query === undefined) return given;
  const files = [...new URLSearchParams(query)].map(([name, path]) => `${name}=${resolve(path)}`);
  return `${place}?${files.join("&")}`;
}

/** Throws what the engine throws, and StepFailed where an etcd does not answer. */
export async function openStore(
  location: StoreLocation,
  {
    directory,
    clock,
    random,
  }: { readonly directory: string; readonly clock: Clock; readonly random: Random },
): Promise<Store> {
  // Whoever only reads what was asked for needs neither of them, and no cluster needs both.
  if (location.type === "disk") {
    const { openDiskStore } = await import("#store/disk/disk-store");
    return openDiskStore(location.directory ?? directory, { clock, random });
  }
  const { openEtcdStore } = await import("#store/etcd/etcd-store");
  try {
    return await openEtcdStore({ ...targetOf(location), random });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepFailed(
      `${describeStore(location, directory)} cannot be used: ${why}`,
      "look whether it runs and whether it takes the certificate",
      { cause },
    );
  }
}

/** Reads the files. */
function targetOf({ endpoints, ca, cert, key }: EtcdLocation): EtcdTarget {
  if (ca === undefined) return { endpoints };
  return {
    endpoints,
    tls: {
      ca: readFileSync(ca),
      ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
      ...(key === undefined ? {} : { key: readFileSync(key) }),
    },
  };
}

/** For people. */
export const describeStore = (location: StoreLocation, directory: string): string =>
  location.type === "disk" ? (location.directory ?? directory) : `etcd at ${location.endpoints.join(", ")}`;
