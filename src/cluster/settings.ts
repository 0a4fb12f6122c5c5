import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { cidrAddress, parseCidr } from "#base/ip";
import type { FlagTexts } from "./flags/server-flags.ts";
import type { ClusterPlaces } from "./places.ts";

/** What was decided about a local cluster when it was made, and stays. */
export interface ClusterSettings {
  readonly name: string;
  /** Of the cable between the nodes and the machine. */
  readonly nodeRange: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly clusterDomain: string;
  /** Of the API server on this machine. */
  readonly port: number;
  readonly nodes: readonly string[];
  /** Nodes and pods reach what the machine reaches. */
  readonly uplink: boolean;
  /** What the control plane was asked for beside that; absent: nothing. */
  readonly flags?: FlagTexts;
}

/** Undefined when there is no such cluster. Throws when its file makes no sense. */
export function readSettings({ settings }: ClusterPlaces): ClusterSettings | undefined {
  if (!existsSync(settings)) return undefined;
  try {
    return JSON.parse(readFileSync(settings, "utf8")) as ClusterSettings;
  } catch (cause) {
    throw new Error(`${settings} is damaged`, { cause });
  }
}

export async function writeSettings({ settings }: ClusterPlaces, content: ClusterSettings): Promise<void> {
  await mkdir(dirname(settings), { recursive: true, mode: 0o700 });
  await writeFile(`${settings}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${settings}.new`, settings);
}

/** The address at this place of the service range: 1 is the API server's, 10 is DNS. */
function serviceAddress(range: string, place: number): string {
  const parsed = parseCidr(range);
  if (!parsed) throw new Error(`${range} is not a range of addresses`);
  return cidrAddress(parsed, place);
}

export const apiServiceAddress = (serviceRange: string): string => serviceAddress(serviceRange, 1);
export const dnsServiceAddress = (serviceRange: string): string => serviceAddress(serviceRange, 10);
