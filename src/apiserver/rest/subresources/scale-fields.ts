import { type FieldSet, difference, intersection, isEmpty, union } from "#machinery/apply/field-set";
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

/** `replicasPath`: where the object has the number, `spec.replicas`. */
export function scaleFields(apiVersion: string, replicasPath: string): ScaleFields {
  const inObject = fieldAt(replicasPath);
  const inScale = fieldAt("spec.replicas");
  const owns = ({ fields }: Owner, field: FieldSet) => !isEmpty(intersection(fields, field));
  return {
    ofScale: (object) =>
      encodeOwners(
        decodeOwners(object)
          .filter((owner) => owns(owner, inObject))
          .map((owner) => ({ ...owner, apiVersion: SCALE_VERSION, fields: inScale })),
      ),
    ofObject(object, scale) {
      const owners = decodeOwners(object);
      const now = decodeOwners(scale).filter((owner) => owns(owner, inScale));
      const others = now.filter((one) => !owners.some((owner) => isSame(owner, one)));
      return encodeOwners([
        ...owners.map((owner) => {
          const again = now.find((one) => isSame(owner, one));
          if (!again) return { ...owner, fields: difference(owner.fields, inObject) };
          return { ...owner, time: again.time, fields: union(owner.fields, inObject) };
        }),
        ...others.map((owner) => ({ ...owner, apiVersion, fields: inObject })),
      ]);
    },
  };
}

const isSame = (one: Owner, other: Owner): boolean =>
  one.manager === other.manager && one.operation === other.operation && one.subresource === other.subresource;

const fieldAt = (path: string): FieldSet =>
  path.split(".").reduceRight<FieldSet>((inner, name) => ({ [`f:${name}`]: inner }), {});
