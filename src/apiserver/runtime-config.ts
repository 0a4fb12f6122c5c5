/** Which versions are served: those of the default, and what `--runtime-config` says differently. */
import type { Resource } from "#machinery/schema";

/** Nothing is served under this name. */
export class UnknownVersion extends Error {
  override readonly name = "UnknownVersion";
  constructor(name: string) {
    super(`unknown api groups or versions: ${name}`);
  }
}

/** Sets of versions that have a name, weakest first: what is named more exactly decides. */
const SETS: Readonly<Record<string, (version: string) => boolean>> = {
  "api/all": () => true,
  "api/ga": (version) => /^v[0-9]+$/.test(version),
  "api/beta": (version) => version.includes("beta"),
  "api/alpha": (version) => version.includes("alpha"),
};

/** By `GROUP/VERSION` or `GROUP/VERSION/RESOURCE` (the core group's is `v1`), or the name of a set. Throws UnknownVersion. */
export function servedResources(
  all: readonly Resource[],
  config: Readonly<Record<string, boolean>> = {},
): readonly Resource[] {
  for (const name of Object.keys(config)) {
    const known = name in SETS || all.some((resource) => namesOf(resource).includes(trimmed(name)));
    if (!known) throw new UnknownVersion(name);
  }
  const wanted = new Map(Object.entries(config).map(([name, on]) => [trimmed(name), on]));
  const isOn = (resource: Resource): boolean => {
    const sets = Object.entries(SETS).filter(([, holds]) => holds(resource.version));
    const named = [...sets.map(([name]) => name), ...namesOf(resource)];
    return named.reduce((on, name) => wanted.get(name) ?? on, resource.servedByDefault);
  };
  return all.filter(isOn);
}

/** The version, then the resource in it. */
const namesOf = ({ apiVersion, plural }: Resource): string[] => [apiVersion, `${apiVersion}/${plural}`];

/** `api/v1` is the core group, too. */
const trimmed = (name: string): string => (name === "api/v1" ? "v1" : name);
