/** The objects that bindings give to policies. */
import type { ParamKind } from "#api/admissionregistration-v1/matching";
import type { AnyObject, Resource } from "#machinery/schema";
import type { ReadCache } from "../../contracts.ts";
import type { ResourceSet } from "../../resource-set.ts";
import type { AnyBinding, Binding } from "./source.ts";

/** A policy or a binding cannot be used as it is; the message says why. */
export class Misconfigured extends Error {
  override readonly name = "Misconfigured";
}

export interface ParamsOptions {
  readonly cache: ReadCache;
  readonly kinds: ResourceSet;
}

/** Reads params from the watch caches of their kinds. */
export class Params {
  readonly #options: ParamsOptions;
  readonly #known = new Map<string, Resource | undefined>();
  #version = -1;

  constructor(options: ParamsOptions) {
    this.#options = options;
  }

  /** The kind as it is served now. Throws Misconfigured. */
  kindOf(paramKind: ParamKind): Resource {
    const { apiVersion = "", kind = "" } = paramKind;
    const found = this.#find(apiVersion, kind);
    if (found) return found;
    const shown = `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
    throw new Misconfigured(`failed to find resource referenced by paramKind: '${shown}'`);
  }

  /**
   * What the binding gives to the policy for a write in this namespace; once undefined: the policy is used without
   * params. Throws Misconfigured.
   */
  of<B extends AnyBinding>(
    kind: Resource | undefined,
    { spec: { paramRef }, paramMatches }: Binding<B>,
    namespace: string,
  ): readonly (AnyObject | undefined)[] {
    if (!kind || !paramRef) return [undefined];
    const { name = "", namespace: given = "", parameterNotFoundAction } = paramRef;
    const place = placeOf(kind, given, namespace);
    const { cache } = this.#options;
    const found = paramMatches
      ? [...cache.list(kind, place)].filter(({ metadata }) => paramMatches(metadata.labels))
      : [cache.get(kind, place, name) ?? []].flat();
    if (found.length === 0 && parameterNotFoundAction === "Deny") {
      throw new Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction");
    }
    return found;
  }

  #find(apiVersion: string, kind: string): Resource | undefined {
    const { kinds } = this.#options;
    if (this.#version !== kinds.version) {
      this.#known.clear();
      this.#version = kinds.version;
    }
    const key = `${apiVersion}/${kind}`;
    if (!this.#known.has(key)) {
      const found = [...kinds].find(
        ({ resource, storage }) => storage && resource.apiVersion === apiVersion && resource.kind === kind,
      );
      this.#known.set(key, found?.resource);
    }
    return this.#known.get(key);
  }
}

function placeOf({ namespaced }: Resource, given: string, namespace: string): string | undefined {
  if (!namespaced) {
    if (given === "") return undefined;
    throw new Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  const place = given || namespace;
  if (place !== "") return place;
  throw new Misconfigured(
    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
  );
}
