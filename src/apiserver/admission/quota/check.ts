/** Whether a quota has room for more. */
import type { Pod } from "#api/core-v1/pod";
import type { ResourceQuota } from "#api/core-v1/resourcequota";
import { addQuantities, compareQuantities, subtractQuantities } from "#machinery/quantity";
import type { Usage } from "./usage.ts";

export type Verdict =
  | { readonly type: "untouched" }
  | { readonly type: "refused"; readonly why: string }
  | { readonly type: "fits"; readonly used: Usage };

/** Resources that every pod must state when a quota is about them. */
const MUST_STATE = /^(requests\.|limits\.)?(cpu|memory)$/;

/** `delta`: what the write adds, negative where it gives back. `pod`: the object, if it is one. */
export function checkQuota(quota: ResourceQuota, delta: Usage, pod: Pod | undefined): Verdict {
  const { hard = {}, used = {} } = quota.status ?? {};
  const wanted = quota.spec?.hard ?? {};
  const name = quota.metadata.name;
  const about = Object.keys(wanted).filter((resource) => resource in delta);
  const missing = pod ? unstated(pod, Object.keys(wanted)) : [];
  if (missing.length > 0) return refused(`failed quota: ${name}: must specify ${missing.join("; ")}`);
  if (about.length === 0) return { type: "untouched" };
  const unknown = about.filter((resource) => !(resource in hard) || !(resource in used));
  if (unknown.length > 0) {
    return refused(`status unknown for quota: ${name}, resources: ${unknown.toSorted().join(",")}`);
  }
  const after: Record<string, string> = { ...used };
  const over: string[] = [];
  for (const resource of about) {
    const more = delta[resource]!;
    const sum = addQuantities(used[resource]!, more);
    after[resource] = sum.startsWith("-") ? "0" : sum;
    const grows = compareQuantities(more, "0") > 0;
    if (grows && compareQuantities(sum, hard[resource]!) > 0) over.push(resource);
  }
  if (over.length > 0) {
    const text = (amounts: Usage) =>
      over
        .toSorted()
        .map((resource) => `${resource}=${amounts[resource]}`)
        .join(",");
    return refused(
      `exceeded quota: ${name}, requested: ${text(delta)}, used: ${text(used)}, limited: ${text(hard)}`,
    );
  }
  const changed = about.some((resource) => compareQuantities(delta[resource]!, "0") !== 0);
  return changed ? { type: "fits", used: after } : { type: "untouched" };
}

/** `cpu for: a,b` for each resource that the quota is about and containers a and b do not state. */
function unstated({ spec }: Pod, wanted: readonly string[]): readonly string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return wanted
    .filter((resource) => MUST_STATE.test(resource))
    .toSorted()
    .flatMap((resource) => {
      const list = resource.startsWith("limits.") ? "limits" : "requests";
      const measure = resource.replace(/^.*\./, "");
      if (spec.resources?.[list]?.[measure] !== undefined) return [];
      const silent = containers.filter(({ resources }) => resources?.[list]?.[measure] === undefined);
      const names = silent.map(({ name }) => name).toSorted();
      return names.length > 0 ? [`${resource} for: ${names.join(",")}`] : [];
    });
}

const refused = (why: string): Verdict => ({ type: "refused", why });

/** `after` without `before`. */
export function usageDelta(after: Usage, before: Usage): Usage {
  const delta: Record<string, string> = {};
  for (const resource of new Set([...Object.keys(after), ...Object.keys(before)])) {
    delta[resource] = subtractQuantities(after[resource] ?? "0", before[resource] ?? "0");
  }
  return delta;
}
