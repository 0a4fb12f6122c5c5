import type { Cluster } from "./cluster.ts";

/** A kind as the server's discovery tells of it. */
export class ApiKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];

  constructor(group: string, version: string, of: DiscoveredResource) {
    this.group = group;
    this.version = version;
    this.kind = of.responseKind?.kind ?? "";
    this.plural = of.resource;
    this.singular = of.singularResource ?? "";
    this.namespaced = of.scope === "Namespaced";
    this.shortNames = of.shortNames ?? [];
    this.categories = of.categories ?? [];
    this.verbs = of.verbs ?? [];
    this.subresources = (of.subresources ?? []).map(({ subresource }) => subresource);
  }

  get apiVersion(): string {
    return this.group === "" ? this.version : `${this.group}/${this.version}`;
  }

  /** `pods`, `deployments.apps` */
  get groupPlural(): string {
    return this.group === "" ? this.plural : `${this.plural}.${this.group}`;
  }

  /** `pod/web`, `deployment.apps/web`: how results name an object. */
  shown(name: string): string {
    return `${this.shownKind}/${name}`;
  }

  /** `pod`, `deployment.apps` */
  get shownKind(): string {
    const kind = this.kind.toLowerCase();
    return this.group === "" ? kind : `${kind}.${this.group}`;
  }

  /** The path of one object, or of all of them. */
  path(namespace?: string, name?: string, subresource?: string): string {
    const parts = this.group === "" ? ["api", this.version] : ["apis", this.group, this.version];
    if (this.namespaced && namespace !== undefined) parts.push("namespaces", namespace);
    parts.push(this.plural);
    if (name !== undefined) parts.push(name);
    if (subresource !== undefined) parts.push(subresource);
    return `/${parts.map(encodeURIComponent).join("/")}`;
  }
}

/** The server does not serve such a kind. */
export class NoSuchKind extends Error {
  override readonly name = "NoSuchKind";
}

const AGGREGATED =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/** All kinds of a server, in its order of preference: the core group first. */
export class Kinds {
  readonly all: readonly ApiKind[];

  constructor(all: readonly ApiKind[]) {
    this.all = all;
  }

  static async discover(cluster: Pick<Cluster, "request">): Promise<Kinds> {
    const answers = await Promise.all(
      ["/api", "/apis"].map(
        (path) => cluster.request("GET", path, { accept: AGGREGATED }) as Promise<DiscoveryList>,
      ),
    );
    return new Kinds(answers.flatMap(kindsIn));
  }

  /** By plural, singular, short name or kind; with version and group as `deployments.v1.apps`. Throws NoSuchKind. */
  find(word: string): ApiKind {
    const [name = "", ...qualifiers] = word.toLowerCase().split(".");
    const qualifier = qualifiers.join(".");
    const [version = "", ...groupParts] = qualifiers;
    const fits = ({ group, version: has }: ApiKind): boolean =>
      qualifier === "" ||
      group === qualifier ||
      (has === version && group === groupParts.join(".")) ||
      group.startsWith(`${qualifier}.`);
    const named = [
      (kind: ApiKind) => kind.plural === name,
      (kind: ApiKind) => kind.singular === name || kind.kind.toLowerCase() === name,
      (kind: ApiKind) => kind.shortNames.includes(name),
    ];
    for (const isNamed of named) {
      const found = this.all.find((kind) => isNamed(kind) && fits(kind));
      if (found) return found;
    }
    throw new NoSuchKind(`the server doesn't have a resource type ${JSON.stringify(word)}`);
  }

  /** The kind of an object in a file. Throws NoSuchKind. */
  ofObject({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): ApiKind {
    const found = this.all.find((each) => each.kind === kind && each.apiVersion === apiVersion);
    if (found) return found;
    throw new NoSuchKind(
      `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}\nensure CRDs are installed first`,
    );
  }

  /** The kinds that a category stands for, each once. */
  inCategory(name: string): readonly ApiKind[] {
    const seen = new Set<string>();
    return this.all.filter(({ categories, groupPlural, verbs }) => {
      if (!categories.includes(name) || !verbs.includes("list") || seen.has(groupPlural)) return false;
      seen.add(groupPlural);
      return true;
    });
  }
}

interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind?: { readonly kind: string };
  readonly scope: "Namespaced" | "Cluster";
  readonly singularResource?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string }[];
}

export interface DiscoveryList {
  readonly kind: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly DiscoveredResource[];
    }[];
  }[];
}

export function kindsIn({ kind, items = [] }: DiscoveryList): readonly ApiKind[] {
  if (kind !== "APIGroupDiscoveryList") throw new Error("the server does not offer aggregated discovery");
  return items.flatMap(({ metadata = {}, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources.map((each) => new ApiKind(metadata.name ?? "", version, each)),
    ),
  );
}
