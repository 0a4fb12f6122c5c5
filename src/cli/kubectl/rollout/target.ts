import { type Arguments, UsageError } from "../../verb.ts";
import type { Cluster } from "../cluster.ts";
import type { ApiKind } from "../kinds.ts";
import { selectedBy } from "../selection.ts";
import type { Target } from "../states.ts";

/** The objects that the words name; all of them are of kinds that roll out. */
export async function rolloutTargets(cluster: Cluster, args: Arguments): Promise<readonly Target[]> {
  if (args.positionals.length === 0) throw new UsageError("required resource not specified");
  const targets: Target[] = [];
  for (const { kind, names } of selectedBy(await cluster.kinds(), args.positionals)) {
    const found = names ?? (await cluster.list(kind, cluster.namespace)).map(({ metadata }) => metadata.name);
    targets.push(...found.map((name) => ({ kind, namespace: cluster.namespace, name })));
  }
  return targets;
}

/** Throws for kinds that cannot do it. */
export function expectKind(kind: ApiKind, doing: string, ...able: readonly string[]): void {
  if (able.includes(kind.groupPlural)) return;
  throw new Error(`${kind.groupPlural} ${JSON.stringify(kind.kind)} ${doing} is not supported`);
}
