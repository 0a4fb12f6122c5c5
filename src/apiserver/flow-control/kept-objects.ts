import { sameValue } from "#api/checks";
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from "#api/flowcontrol-v1/mandatory";
import type { AnyMeta, AnyObject } from "#machinery/schema";
import { SUGGESTED_FLOW_SCHEMAS, SUGGESTED_PRIORITY_LEVELS } from "./suggested.ts";

/** Whether the server goes on to set the specification of an object that it has made, or leaves it to operators. */
export const AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec";

/** Specifications by name. */
interface Kept {
  readonly mandatory: Readonly<Record<string, object>>;
  readonly suggested: Readonly<Record<string, object>>;
}

export const KEPT_FLOW_SCHEMAS: Kept = {
  mandatory: MANDATORY_FLOW_SCHEMAS,
  suggested: SUGGESTED_FLOW_SCHEMAS,
};
export const KEPT_PRIORITY_LEVELS: Kept = {
  mandatory: MANDATORY_PRIORITY_LEVELS,
  suggested: SUGGESTED_PRIORITY_LEVELS,
};

export type KeepingStep =
  | { readonly type: "create" | "update"; readonly object: object }
  | { readonly type: "delete"; readonly meta: AnyMeta };

type Stored = AnyObject & { readonly spec: object };

/**
 * What to do so that the mandatory and suggested objects are there. Mandatory ones are always as they should be; of
 * the suggested, those whose annotation says so, or that nobody has changed yet. What was suggested once is removed.
 */
export function planKeeping({ mandatory, suggested }: Kept, stored: Iterable<Stored>): KeepingStep[] {
  const byName = new Map([...stored].map((object) => [object.metadata.name, object]));
  const steps: KeepingStep[] = [];
  for (const [name, spec] of [...Object.entries(mandatory), ...Object.entries(suggested)]) {
    const now = byName.get(name);
    byName.delete(name);
    if (!now) {
      const metadata = { name, annotations: { [AUTO_UPDATE]: "true" } };
      steps.push({ type: "create", object: { metadata, spec } });
    } else if (now.metadata.deletionTimestamp === undefined) {
      const wanted = kept(now, spec, Object.hasOwn(mandatory, name));
      if (wanted !== now) steps.push({ type: "update", object: wanted });
    }
  }
  for (const { metadata } of byName.values())
    if (metadata.annotations?.[AUTO_UPDATE] === "true") steps.push({ type: "delete", meta: metadata });
  return steps;
}

/** The object as it should be; itself when it is. */
function kept(now: Stored, spec: object, isMandatory: boolean): Stored {
  const { metadata } = now;
  const auto = isMandatory || isAutomatic(metadata);
  const said = String(auto);
  // Operators may set what the exempt level has and lends; nothing else of the mandatory ones can differ.
  const replaced = auto && !isMandatory && !sameValue(now.spec, spec);
  if (metadata.annotations?.[AUTO_UPDATE] === said && !replaced) return now;
  const annotations = { ...metadata.annotations, [AUTO_UPDATE]: said };
  return { ...now, metadata: { ...metadata, annotations }, ...(replaced ? { spec } : {}) };
}

/** What says nothing of it is ours as long as nobody has changed it. */
function isAutomatic({ annotations, generation }: AnyMeta): boolean {
  const said = annotations?.[AUTO_UPDATE];
  return said === "true" || said === "false" ? said === "true" : generation === 1;
}
