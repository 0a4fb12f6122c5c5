import { type GroupFacts, groups as builtInGroups } from "#api/groups";
import type { Versions } from "#machinery/apply/versions";
import type { AnyObject, Resource } from "#machinery/schema";
import { compareVersions } from "#machinery/version-order";
import type { GroupResource } from "#machinery/status";
import type { Messages } from "./negotiation/messages.ts";
import type { KindStorage } from "./storage/kind-storage.ts";
import type { View } from "./storage/view.ts";

/** A kind as this server serves it. */
export interface ServedKind {
  readonly resource: Resource;
  /** How messages name it. */
  readonly groupResource: GroupResource;
  /** Undefined for kinds that are only asked, never stored: reviews. */
  readonly storage: KindStorage | undefined;
  /** Stored objects as this version shows them. */
  readonly view: View;
  /** In protobuf, as long as they are asked for; shared by all kinds. */
  readonly messages?: Messages;
  /** Of custom kinds: all that their definition has, served or not. */
  readonly versions?: Versions;
  /** For everybody who asks for it: it is on its way out. */
  readonly warning?: string;
}

export const groupResourceOf = ({ group, plural }: Resource): GroupResource => ({ group, plural });

const keyOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

/** The kinds this server serves. It can gain and lose kinds while it runs. */
export class ResourceSet {
  readonly #kinds = new Map<string, ServedKind>();
  readonly #byDefinition = new Map<Resource, ServedKind>();
  #version = 0;

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  [Symbol.iterator](): Iterator<ServedKind> {
    return this.#kinds.values();
  }

  add(kind: ServedKind): void {
    const { group, version, plural } = kind.resource;
    this.#kinds.set(keyOf(group, version, plural), kind);
    this.#byDefinition.set(kind.resource, kind);
    this.#version++;
  }

  remove({ resource }: ServedKind): void {
    this.#kinds.delete(keyOf(resource.group, resource.version, resource.plural));
    this.#byDefinition.delete(resource);
    this.#version++;
  }

  find(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#kinds.get(keyOf(group, version, plural));
  }

  /** By definition; an equal one from elsewhere is found by its group, version and plural. */
  of<T extends AnyObject>(resource: Resource<T>): ServedKind | undefined {
    const any = resource as unknown as Resource;
    return this.#byDefinition.get(any) ?? this.find(any.group, any.version, any.plural);
  }

  /** Groups with served versions, in the order of discovery. */
  groups(): GroupFacts[] {
    const versions = new Map<string, Set<string>>();
    for (const { resource } of this.#kinds.values()) {
      const known = versions.get(resource.group) ?? new Set();
      versions.set(resource.group, known.add(resource.version));
    }
    const facts = builtInGroups.flatMap((group) => {
      const served = versions.get(group.name);
      versions.delete(group.name);
      return served ? [{ ...group, versions: group.versions.filter((version) => served.has(version)) }] : [];
    });
    const others = [...versions]
      .map(([name, served]) => groupOf(name, [...served].toSorted(compareVersions)))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [...facts, ...others];
  }

  kindsOf(group: string, version: string): ServedKind[] {
    return [...this.#kinds.values()].filter(
      ({ resource }) => resource.group === group && resource.version === version,
    );
  }
}

const groupOf = (name: string, versions: readonly string[]): GroupFacts => ({
  name,
  versions,
  preferred: versions[0]!,
  served: versions,
});
