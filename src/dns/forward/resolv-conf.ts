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
