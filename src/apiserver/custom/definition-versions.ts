import type { Versions } from "#machinery/apply/versions";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Converter } from "./conversion-webhook.ts";
import { brought } from "./view.ts";

/** All versions of one definition. Without a converter they differ in their name only. */
export class DefinitionVersions implements Versions {
  readonly #resources: ReadonlyMap<string, Resource>;
  readonly #converter: Converter | undefined;

  constructor(resources: readonly Resource[], converter: Converter | undefined) {
    this.#resources = new Map(resources.map((resource) => [resource.apiVersion, resource]));
    this.#converter = converter;
  }

  resource(apiVersion: string): Resource | undefined {
    return this.#resources.get(apiVersion);
  }

  async convert(objects: readonly AnyObject[], to: Resource): Promise<readonly AnyObject[]> {
    const made = this.#converter ? await this.#converter.convert(objects, to.apiVersion) : objects;
    return made.map((object) => brought(to, object));
  }
}
