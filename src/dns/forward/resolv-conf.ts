import { readFile } from "node:fs/promises";
import { parseIp } from "#base/ip";

/** Where names outside the cluster are asked for. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** The name servers of a resolv.conf, without those that would ask ourselves again. */
export function upstreamsOf(resolvConf: string, own: readonly string[]): readonly Upstream[] {
  return resolvConf.split("\n").flatMap((line) => {
    const [keyword, address = ""] = line.trim().split(/\s+/);
    if (keyword !== "nameserver" || parseIp(address) === undefined || own.includes(address)) return [];
    return [{ address, port: 53 }];
  });
}

/** Where systemd's own resolver, which listens at a loopback address, notes whom it asks itself. */
const FILES = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/**
 * The name servers of this machine. `ownLoopback` says whether its loopback addresses are ours too: in a network
 * namespace of one's own a server at 127.0.0.53 is not there, and those that it asks are taken in its place.
 */
export async function machineUpstreams({
  own,
  ownLoopback,
}: {
  readonly own: readonly string[];
  readonly ownLoopback: boolean;
}): Promise<readonly Upstream[]> {
  for (const file of FILES) {
    const all = upstreamsOf(await readFile(file, "utf8").catch(() => ""), own);
    const reachable = ownLoopback ? all : all.filter(({ address }) => !isLoopback(address));
    if (reachable.length > 0) return reachable;
  }
  return [];
}

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";
