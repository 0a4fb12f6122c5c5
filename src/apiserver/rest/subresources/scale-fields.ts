import { EMPTY, type FieldSet, difference, intersection, isEmpty, union } from "#machinery/apply/field-set";
import { type Owner, decodeOwners, encodeOwners } from "#machinery/apply/managed-fields";
import type { AnyManagedFields } from "#machinery/schema";

const SCALE_VERSION = "autoscaling/v1";

type Entries = readonly AnyManagedFields[];

/** Who owns the number of replicas, as the managed fields of an object and of its scale say it. */
export interface ScaleFields {
  /** Those of the scale, from those of the object. */
  ofScale(object: Entries | undefined): Entries;
  /** Those of the object, from those it had and those of the scale as they are now. */
  ofObject(object: Entries | undefined, scale: Entries): Entries;
}

/**
 * `apiVersion`: of those who come to own the number by its scale. `replicasPath`: where the object has it in a version,
 * `spec.replicas`; undefined for a version that is gone, whose owners go with it.
 */
export function scaleFields(
  apiVersion: string,
  replicasPath: (apiVersion: string) => string | undefined,
): ScaleFields {
  const inScale = fieldAt("spec.replicas");
  const inObject = (version: string): FieldSet => {
    const path = replicasPath(version);
    return path === undefined ? EMPTY : fieldAt(path);
  };
  const owns = ({ fields }: Owner, field: FieldSet) => !isEmpty(intersection(fields, field));
  return {
    ofScale: (object) =>
      encodeOwners(
        decodeOwners(object)
          .filter((owner) => owns(owner, inObject(owner.apiVersion)))
          .map((owner) => ({ ...owner, apiVersion: SCALE_VERSION, fields: inScale })),
      ),
    ofObject(object, scale) {
      const owners = decodeOwners(object).filter((owner) => replicasPath(owner.apiVersion) !== undefined);
      const now = decodeOwners(scale).filter((owner) => owns(owner, inScale));
      const others = now.filter((one) => !owners.some((owner) => isSame(owner, one)));
      return encodeOwners([
        ...owners.map((owner) => {
          const again = now.find((one) => isSame(owner, one));
          const field = inObject(owner.apiVersion);
          if (!again) return { ...owner, fields: difference(owner.fields, field) };
          return { ...owner, time: again.time, fields: union(owner.fields, field) };
        }),
        ...others.map((owner) => ({ ...owner, apiVersion, fields: inObject(apiVersion) })),
      ]);
    },
  };
}

const isSame = (one: Owner, other: Owner): boolean =>
  one.manager === other.manager && one.operation === other.operation && one.subresource === other.subresource;

const fieldAt = (path: string): FieldSet =>
  path.split(".").reduceRight<FieldSet>((inner, name) => ({ [`f:${name}`]: inner }), {});
