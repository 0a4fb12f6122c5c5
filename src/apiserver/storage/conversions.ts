import { decodeJson } from "#machinery/derive/json";
import { resourceForKind } from "#api/registry";
import { present } from "#base/assert";
import type { AnyObject, Resource } from "#machinery/schema";
import { eventConversion } from "./convert-event.ts";
import { autoscalerConversion } from "./convert-autoscaler.ts";
import type { Conversion } from "./view.ts";

/** Changes members; the result is made canonical here. */
export interface Members {
  fromStored(object: Values): Values;
  toStored(object: Values): Values;
}

export type Values = Readonly<Record<string, unknown>>;

const CONVERSIONS: Readonly<Record<string, Members>> = {
  "events.k8s.io/v1/Event": eventConversion,
  "autoscaling/v1/HorizontalPodAutoscaler": autoscalerConversion,
};

const same: Members = { fromStored: (object) => object, toStored: (object) => object };

/** Between a kind and the version of it that is stored. Versions with the same members need no rule of their own. */
export function conversionFor(resource: Resource): Conversion {
  const stored = storedKind(resource);
  const members = CONVERSIONS[`${resource.apiVersion}/${resource.kind}`] ?? same;
  return {
    fromStored: (object) => retyped(resource, members.fromStored(object as unknown as Values)),
    toStored: (object) => retyped(stored, members.toStored(object as unknown as Values)),
  };
}

/** The kind that objects of this one are stored as. */
export function storedKind({ storedAs = "" }: Resource): Resource {
  const slash = storedAs.lastIndexOf("/");
  return present(
    resourceForKind(storedAs.slice(0, slash), storedAs.slice(slash + 1)),
    `the kind ${storedAs}`,
  );
}

const retyped = ({ schema, kind, apiVersion }: Resource, members: Values): AnyObject =>
  decodeJson<AnyObject>(schema, { ...members, kind, apiVersion });
