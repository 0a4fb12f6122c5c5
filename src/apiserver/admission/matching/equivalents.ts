import { present } from "#base/assert";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Converter } from "../../custom/conversion-webhook.ts";
import { ConvertedStorage } from "../../custom/converted-kind.ts";
import { brought } from "../../custom/view.ts";
import type { ResourceSet, ServedKind } from "../../resource-set.ts";
import { Item, encodeStored } from "../../storage/item.ts";

/** Other versions in which the server shows the same objects. */
export class Equivalents {
  readonly #kinds: ResourceSet;
  #known = new Map<Resource, readonly ServedKind[]>();
  #version = -1;

  constructor(kinds: ResourceSet) {
    this.#kinds = kinds;
  }

  /** Without the resource itself; those that have this subresource. */
  of(resource: Resource, subresource: string): readonly ServedKind[] {
    if (this.#version !== this.#kinds.version) {
      this.#known = new Map();
      this.#version = this.#kinds.version;
    }
    let others = this.#known.get(resource);
    if (!others) {
      const prefix = prefixOf(this.#kinds.of(resource));
      others =
        prefix === undefined
          ? []
          : [...this.#kinds].filter((kind) => kind.resource !== resource && prefixOf(kind) === prefix);
      this.#known.set(resource, others);
    }
    return subresource === "" ? others : others.filter((kind) => hasSubresource(kind.resource, subresource));
  }

  /** The object as the other version shows it. */
  async convert(object: AnyObject, from: Resource, to: Resource): Promise<AnyObject> {
    const [source, target] = [this.#kinds.of(from), this.#kinds.of(to)];
    if (!source || !target) throw new Error(`unable to convert to ${to.apiVersion}, Kind=${to.kind}`);
    const converter = converterOf(source) ?? converterOf(target);
    if (converter) {
      const [made] = await converter.convert([object], to.apiVersion);
      return brought(to, present(made, "a converted object"));
    }
    const stored = source.view.toStored(object);
    // Newer than every schema: it has just been decoded.
    const item = new Item("", Number.MAX_SAFE_INTEGER, encodeStored(stored), stored);
    return { ...target.view.object(item), metadata: object.metadata };
  }
}

/** Kinds with the same prefix are versions of the same objects. */
const prefixOf = (kind: ServedKind | undefined): string | undefined => kind?.storage?.cache.prefix;

const converterOf = ({ storage }: ServedKind): Converter | undefined =>
  storage instanceof ConvertedStorage ? storage.converter : undefined;

const hasSubresource = ({ statusSubresource, scale, subresources }: Resource, name: string): boolean =>
  (name === "status" && statusSubresource) ||
  (name === "scale" && scale !== undefined) ||
  Object.hasOwn(subresources, name);
