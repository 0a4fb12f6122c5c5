import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import { bytesOf } from "../http/outgoing-request.ts";
import { type Availability, PASSED, unavailable } from "./availability.ts";
import type { Address } from "./backend.ts";
import { userHeaders } from "./front-proxy.ts";
import type { Remote } from "./remote.ts";
import { type ResourceRows, readRows } from "./remote-rows.ts";

/** Who asks when nobody does. */
const PROBER = { name: "system:kube-aggregator", groups: ["system:masters"] };
/** Endpoints that are asked; one that answers is enough. */
const ENDPOINTS_MAX = 5;
const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

export interface Probed {
  readonly known: Availability;
  /** Its kinds; undefined when it gave none. */
  readonly rows?: ResourceRows | undefined;
}

/** Asks the server for its list of kinds: it is available when it answers. */
export async function probe(
  remote: Remote,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<Probed> {
  const { backend, group, version } = remote;
  if (backend.type === "missing") return { known: unavailable(backend.reason, backend.message) };
  const ended = new AbortController();
  const cancel = clock.after(ANSWER_MS_MAX, () => ended.abort(new Error("no answer in time")));
  const path = `/apis/${group}/${version}`;
  const ask = async (address: Address) => {
    const all = AbortSignal.any([signal, ended.signal]);
    return { known: PASSED, rows: readRows(await kindsAt(remote, path, address, all), group, version) };
  };
  try {
    return await Promise.any(someOf(backend.addresses, random).map(ask));
  } catch (failed) {
    // All of them have failed; the last one's reason is as good as any.
    const reason = failed instanceof AggregateError ? failed.errors.at(-1) : failed;
    return { known: unavailable("FailedDiscoveryCheck", (reason as Error).message) };
  } finally {
    cancel();
    // Those that were slower are waited for no longer.
    ended.abort();
  }
}

/** Others at each time, where there are many. */
function someOf(addresses: readonly Address[], random: Random): readonly Address[] {
  if (addresses.length <= ENDPOINTS_MAX) return addresses;
  const first = random.below(addresses.length);
  return [...addresses.slice(first), ...addresses.slice(0, first)].slice(0, ENDPOINTS_MAX);
}

async function kindsAt(remote: Remote, path: string, address: Address, signal: AbortSignal): Promise<string> {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const url = `https://${host}:${address.port}${path}`;
  const headers = { ...userHeaders(PROBER), accept: "application/json" };
  const status = { code: 0 };
  try {
    const response = await remote.ask({ method: "GET", path, headers, signal }, address);
    status.code = response.statusCode ?? 0;
    const bytes = await bytesOf(response, ANSWER_BYTES_MAX);
    if (status.code >= 200 && status.code < 300) return bytes.toString("utf8");
  } catch (cause) {
    const why = signal.aborted ? "context deadline exceeded" : (cause as Error).message;
    throw new Error(`failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${why}`, { cause });
  }
  throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status.code}`);
}
