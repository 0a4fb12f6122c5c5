import { type ClusterPlaces, DEFAULT_CLUSTER, DEFAULT_DATA_DIR, placesOf } from "#cluster/places";
import { resolve } from "node:path";
import { type Arguments, type Options, UsageError } from "./verb.ts";

/** Which cluster of this machine a command is about. */
export const clusterOptions = {
  name: { type: "string", value: "NAME", help: `name of the cluster, by default "${DEFAULT_CLUSTER}"` },
  "data-dir": {
    type: "string",
    value: "DIR",
    help: `where clusters are kept, by default ${DEFAULT_DATA_DIR}`,
  },
} as const satisfies Options;

export interface ClusterChoice {
  readonly name: string;
  /** Absolute. */
  readonly dataDir: string;
}

/** The name becomes part of paths, and of names that the kernel keeps. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/;

export function clusterOf(args: Arguments): ClusterChoice {
  const name = args.text("name") ?? DEFAULT_CLUSTER;
  if (!NAME.test(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is no name for a cluster: use up to 32 lower case letters, digits and dashes`,
    );
  }
  return { name, dataDir: resolve(args.text("data-dir") ?? DEFAULT_DATA_DIR) };
}

export function clusterPlaces(args: Arguments): ClusterPlaces {
  const { name, dataDir } = clusterOf(args);
  return placesOf(name, dataDir);
}

/** The options that name the cluster again, for commands that are suggested: empty for the default one. */
export const againOptions = ({ name, dataDir }: ClusterChoice): string =>
  [
    ...(name === DEFAULT_CLUSTER ? [] : [` --name ${name}`]),
    ...(dataDir === DEFAULT_DATA_DIR ? [] : [` --data-dir ${dataDir}`]),
  ].join("");

/** For commands that take no words. */
export function expectNone({ positionals, rest = [] }: Arguments): void {
  const [extra] = [...positionals, ...rest];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
}
