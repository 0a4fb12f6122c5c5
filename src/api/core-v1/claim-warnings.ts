import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { entry } from "#machinery/schema";
import { quantityMilli } from "#machinery/quantity";
import type { ResourceList } from "./resources.ts";

/** Bytes cannot be divided. `path` leads to the amounts. */
export function* fractionWarnings(
  amounts: ResourceList | undefined,
  names: readonly string[],
  path: string,
): Iterable<string> {
  if (!amounts) return;
  for (const name of names) {
    const amount = amounts[name];
    // Most amounts end in a digit or a unit of more than one; only these can have a fraction.
    if (amount === undefined || !/[mun.e]/.test(amount) || quantityMilli(amount) % 1000 === 0) continue;
    yield `${entry(path, name)}: fractional byte value "${amount}" is invalid, must be an integer`;
  }
}

const OLD_CLASS = "volume.beta.kubernetes.io/storage-class";

/** Of claims and volumes that say their class in the way of old; `path` leads to their metadata. */
export function* classAnnotationWarnings(
  { annotations }: Pick<ObjectMeta, "annotations">,
  path: string,
): Iterable<string> {
  if (annotations?.[OLD_CLASS] !== undefined)
    yield `${entry(`${path}.annotations`, OLD_CLASS)}: deprecated since v1.8; use "storageClassName" attribute instead`;
}

/** `path` leads to the claim's spec. */
export const claimSpecWarnings = (
  spec: { readonly resources: { readonly requests?: ResourceList } },
  path: string,
): Iterable<string> => fractionWarnings(spec.resources.requests, ["storage"], `${path}.resources.requests`);
