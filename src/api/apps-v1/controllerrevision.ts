import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int64, json, type Of, resource } from "#machinery/schema";

export const ControllerRevision = resource({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  namespaced: true,
  metadata: ObjectMeta,
  fields: {
    data: json(2).orNull(),
    revision: int64(3).required(),
  },
});
export interface ControllerRevision extends Of<typeof ControllerRevision> {}
