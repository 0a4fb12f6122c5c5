import { ListMeta } from "#api/meta-v1/listmeta";
import { PartialObjectMetadata } from "#api/meta-v1/partialobjectmetadata";
import { type AnyObject, list, string, struct, value } from "#machinery/schema";

const META = "meta.k8s.io";

export const PartialObjectMetadataList = struct("meta.v1.PartialObjectMetadataList", {
  kind: string(0),
  apiVersion: string(0),
  metadata: value(1, ListMeta),
  items: list(2, PartialObjectMetadata).required(),
});

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
