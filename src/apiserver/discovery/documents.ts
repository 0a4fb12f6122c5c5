import { createHash } from "node:crypto";
import type { GroupFacts } from "#api/groups";
import type { Resource } from "#machinery/schema";
import type { Aggregation } from "../aggregation/aggregation.ts";
import type { Remote } from "../aggregation/remote.ts";
import type { ResourceSet, ServedKind } from "../resource-set.ts";

const nameOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A resource or subresource as `/api/v1` and `/apis/<group>/<version>` list it. */
interface ResourceRow {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

/** The document at `/api/v1` or `/apis/<group>/<version>`. */
export function resourceList(kinds: readonly ServedKind[], groupVersion: string): object {
  const resources = kinds.flatMap(rowsOf).sort((a, b) => nameOrder(a.name, b.name));
  const core = groupVersion === "v1";
  return { kind: "APIResourceList", ...(core ? {} : { apiVersion: "v1" }), groupVersion, resources };
}

function rowsOf({ resource, storage }: ServedKind): ResourceRow[] {
  const main: ResourceRow = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs.toSorted(),
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(storage ? { storageVersionHash: storageVersionHash(resource) } : {}),
  };
  return [main, ...subresourcesOf(resource).map((sub) => subresourceRow(resource, sub))];
}

interface Subresource {
  readonly name: string;
  readonly kind: string;
  /** `group/version` of its kind where that is not the parent's. */
  readonly apiVersion: string | undefined;
  readonly verbs: readonly string[];
}

const READ_WRITE = ["get", "patch", "update"];

/** Those that every kind of this shape has, and those that its definition names. */
function subresourcesOf({ statusSubresource, scale, subresources, kind }: Resource): Subresource[] {
  const all = new Map<string, Subresource>();
  if (statusSubresource)
    all.set("status", { name: "status", kind, apiVersion: undefined, verbs: READ_WRITE });
  if (scale)
    all.set("scale", { name: "scale", kind: "Scale", apiVersion: "autoscaling/v1", verbs: READ_WRITE });
  for (const [name, facts] of Object.entries(subresources)) {
    all.set(name, { name, kind: facts.kind, apiVersion: facts.apiVersion, verbs: facts.verbs });
  }
  return [...all.values()].sort((a, b) => nameOrder(a.name, b.name));
}

function subresourceRow(resource: Resource, { name, kind, apiVersion, verbs }: Subresource): ResourceRow {
  const { group, version } = split(apiVersion);
  return {
    name: `${resource.plural}/${name}`,
    singularName: "",
    namespaced: resource.namespaced,
    ...(apiVersion === undefined ? {} : { group, version }),
    kind,
    verbs,
  };
}

function split(apiVersion: string | undefined): { readonly group: string; readonly version: string } {
  const [first = "", second] = (apiVersion ?? "").split("/");
  return second === undefined ? { group: "", version: first } : { group: first, version: second };
}

/** Tells clients when objects are written in another version than before. */
export function storageVersionHash({ group, version, kind, storedAs }: Resource): string {
  const stored = storedAs ?? `${group}/${version}/${kind}`;
  const full = stored.split("/").length === 2 ? `/${stored}` : stored;
  return createHash("sha256").update(full).digest().subarray(0, 8).toString("base64");
}

const groupVersion = (group: string, version: string): string =>
  group === "" ? version : `${group}/${version}`;

/** The document at `/apis/<group>`, and an item of `/apis`. */
export function groupDocument({ name, versions, preferred }: GroupFacts): object {
  const rows = versions.map((version) => ({ groupVersion: groupVersion(name, version), version }));
  const chosen = rows.find(({ version }) => version === preferred) ?? rows[0];
  return { name, versions: rows, preferredVersion: chosen };
}

/** The document at `/api`. */
export const coreVersions = (address: string): object => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
});

/** Everything about these groups in one document, as clients ask for by `as=APIGroupDiscoveryList`. */
export function aggregatedDocument(
  kinds: ResourceSet,
  aggregation: Aggregation,
  groups: readonly GroupFacts[],
): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { ...(name === "" ? {} : { name }), creationTimestamp: null },
      versions: versions.map((version) => {
        const remote = aggregation.remote(name, version);
        return remote ? remoteVersion(remote) : ownVersion(kinds, name, version);
      }),
    })),
  };
}

const ownVersion = (kinds: ResourceSet, group: string, version: string): object => ({
  version,
  resources: kinds
    .kindsOf(group, version)
    .map(({ resource }) => aggregatedRow(resource))
    .sort((a, b) => nameOrder(a.resource, b.resource)),
  freshness: "Current",
});

/** As another server listed it last. */
const remoteVersion = ({ version, rows = [], fresh }: Remote): object => ({
  version,
  resources: rows,
  freshness: fresh ? "Current" : "Stale",
});

function aggregatedRow(resource: Resource) {
  const { group, version, kind, plural, singular, namespaced, shortNames, categories } = resource;
  const subresources = subresourcesOf(resource).map((sub) => ({
    subresource: sub.name,
    responseKind: {
      ...(sub.apiVersion === undefined ? { group, version } : split(sub.apiVersion)),
      kind: sub.kind,
    },
    verbs: sub.verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: resource.verbs.toSorted(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
