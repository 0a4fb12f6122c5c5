/** Connectionless flows that the kernel would go on sending to a place that is no longer meant. */
import { familyOf, type IpFamily } from "#base/ip";
import { runCommand } from "#base/node/command";
import { elementParts, type Elements } from "./nft/elements.ts";

/** Flows to a virtual address that go to `backend`; or, without one, that go to the address itself. */
export interface StaleFlows {
  readonly family: IpFamily;
  readonly protocol: string;
  readonly address: string;
  readonly port: string;
  /** `ADDRESS . PORT`. */
  readonly backend: string | undefined;
}

/** TCP ends by itself; these go on as long as somebody sends. */
const CONNECTIONLESS = new Set(["udp"]);

/** What a change of one Service's elements leaves behind. */
export function staleFlows(before: Elements, after: Elements): readonly StaleFlows[] {
  const then = connectionless(before);
  const now = connectionless(after);
  const stale: StaleFlows[] = [];
  for (const [virtual, backends] of then) {
    const left = now.get(virtual);
    for (const backend of backends) if (!left?.has(backend)) stale.push(flows(virtual, backend));
  }
  // Who sent before there was a backend was let through to the address itself, where that is the node's own.
  for (const virtual of now.keys()) if (!then.has(virtual)) stale.push(flows(virtual, undefined));
  return stale;
}

function connectionless({ elements }: Elements): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const [id, target] of elements) {
    const { map, key } = elementParts(id);
    if (map !== "backends" && map !== "sticky") continue;
    const [address = "", protocol = "", port = ""] = key.split(" . ");
    if (!CONNECTIONLESS.has(protocol)) continue;
    const virtual = `${address} . ${protocol} . ${port}`;
    const targets = found.get(virtual) ?? new Set<string>();
    found.set(virtual, targets.add(target));
  }
  return found;
}

function flows(virtual: string, backend: string | undefined): StaleFlows {
  const [address = "", protocol = "", port = ""] = virtual.split(" . ");
  return { family: familyOf(address), protocol, address, port, backend };
}

/** Makes the kernel forget the flows, so that their next packet is steered anew. `prefix` runs the tool elsewhere. */
export async function forgetFlows(
  stale: readonly StaleFlows[],
  prefix: readonly string[] = [],
): Promise<number> {
  let forgotten = 0;
  for (const family of ["ipv4", "ipv6"] as const) {
    const wanted = new Set(stale.filter((flows) => flows.family === family).map(nameOf));
    if (wanted.size === 0) continue;
    const listed = await conntrack(prefix, ["-L", "-f", family, "-p", "udp"]);
    for (const flow of parseFlows(listed)) {
      if (!wanted.has(nameOf(flow))) continue;
      await conntrack(prefix, ["-D", "-f", family, ...flow.selector]).catch(ignoreGone);
      forgotten++;
    }
  }
  return forgotten;
}

const nameOf = ({ protocol, address, port, backend }: Omit<StaleFlows, "family">): string =>
  `${address} . ${protocol} . ${port} > ${backend ?? ""}`;

/** One listed flow: where it was sent, where it went, and how to name it to the tool. */
interface Flow extends Omit<StaleFlows, "family"> {
  readonly selector: readonly string[];
}

/** Lines such as `udp 17 29 src=A dst=B sport=1 dport=2 [UNREPLIED] src=C dst=A sport=3 dport=1 mark=0 use=1`. */
export function parseFlows(listed: string): readonly Flow[] {
  return listed.split("\n").flatMap((line) => {
    const protocol = line.slice(0, line.indexOf(" "));
    const values = [...line.matchAll(/(src|dst|sport|dport)=(\S+)/g)].map((match) => match[2]!);
    if (values.length < 8) return [];
    const [source, address, sourcePort, port, from, , fromPort] = values as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const backend = from === address && fromPort === port ? undefined : `${from} . ${fromPort}`;
    const selector = ["-p", protocol, "-s", source, "-d", address, "--sport", sourcePort, "--dport", port];
    return [{ protocol, address, port, backend, selector }];
  });
}

function conntrack(prefix: readonly string[], args: readonly string[]): Promise<string> {
  const [program = "conntrack", ...rest] = [...prefix, "conntrack", ...args];
  return runCommand(program, rest);
}

/** A flow that ended by itself in between is as good as deleted; the tool calls that a failure. */
function ignoreGone(error: unknown): string {
  if (error instanceof Error && error.message.includes("0 flow entries have been deleted")) return "";
  throw error;
}
