/** Objects of kinds, mostly with something wrong in them. */
import type { Random } from "#base/random";
import { fuzzObject } from "#machinery/derive/fuzz";
import type { Resource } from "#machinery/schema";
import { VALID, VALID_CLUSTER } from "../objects.ts";
import { OWN_NAMES } from "../names.ts";
import { chance, pick } from "./choices.ts";
import { mutated } from "./odd-values.ts";

export function objectOf(random: Random, kind: Resource): Record<string, unknown> {
  const valid = [...VALID, ...VALID_CLUSTER].find(
    (each) => each.kind === kind.kind && each.apiVersion === kind.apiVersion,
  );
  const { apiVersion } = kind;
  const base: Record<string, unknown> =
    valid && chance(random, 0.7)
      ? (structuredClone(valid) as Record<string, unknown>)
      : fuzzObject(kind.schema, random, pick(random, [0.05, 0.2, 0.5]));
  Object.assign(base, { apiVersion, kind: kind.kind });
  const metadata = base["metadata"];
  if (metadata && typeof metadata === "object" && !chance(random, 0.1)) {
    const own: Record<string, unknown> = {
      name: kind.namespaced ? (valid?.metadata.name ?? `n${random.below(20)}`) : pick(random, OWN_NAMES),
    };
    if (chance(random, 0.4)) own["name"] = `m${random.below(30)}`;
    if (chance(random, 0.05))
      Object.assign(own, { name: undefined, generateName: pick(random, ["g-", "", "G", "g".repeat(300)]) });
    Object.assign(metadata, own);
  }
  if (chance(random, 0.6)) return base;
  return mutated(base, random, 1 + random.below(4)) as Record<string, unknown>;
}
