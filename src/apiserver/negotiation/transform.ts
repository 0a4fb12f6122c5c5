import type { AnyObject } from "#machinery/schema";

const META = "meta.k8s.io";

/** Metadata alone, for those who need no more. */
export const partialOf = (object: AnyObject, version: string): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: `${META}/${version}`,
  metadata: object.metadata,
});

export const partialListOf = (objects: readonly AnyObject[], meta: object, version: string): object => ({
  kind: "PartialObjectMetadataList",
  apiVersion: `${META}/${version}`,
  metadata: meta,
  items: objects.map((object) => partialOf(object, version)),
});
