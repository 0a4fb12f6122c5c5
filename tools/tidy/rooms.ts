/** Which room of `src/` may import which. A room is a folder of `src/`; the list is the whole rule. */
const BELOW_RECONCILER = ["base", "machinery", "api", "client"];
const RECONCILER_AND_BELOW = ["reconciler", ...BELOW_RECONCILER];

export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  machinery: ["base"],
  api: ["machinery", "base"],
  // The machinery's protobuf codec serves etcd's protocol.
  store: ["base", "machinery"],
  client: ["api", "machinery", "base"],
  // The transport is the client's: the server offers it in process.
  apiserver: ["store", "api", "machinery", "base", "client"],
  reconciler: BELOW_RECONCILER,
  controllers: RECONCILER_AND_BELOW,
  scheduler: RECONCILER_AND_BELOW,
  kubelet: RECONCILER_AND_BELOW,
  proxy: RECONCILER_AND_BELOW,
  dns: RECONCILER_AND_BELOW,
  ingress: RECONCILER_AND_BELOW,
  network: RECONCILER_AND_BELOW,
  storage: RECONCILER_AND_BELOW,
  autoscaling: RECONCILER_AND_BELOW,
  simulation: ["kubelet", "testing", ...RECONCILER_AND_BELOW],
  cluster: ["*"],
  cli: ["cluster", ...BELOW_RECONCILER],
  testing: ["*"],
};

/** Rooms that run in a browser too: no `node:` modules outside their `node/` folders. */
export const BROWSER_ROOMS: readonly string[] = ["base", "machinery", "api", "client"];

/** `src/api/core-v1/pod.ts` is in room `api`; files outside `src/` are in none. */
export const roomOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];

/** May a file of the room `from` import from `to`? Nobody but the wiring may import `cli`. */
export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  const allowed = MAY_IMPORT[from] ?? [];
  return allowed.includes(to) || (allowed.includes("*") && to !== "cli");
}
