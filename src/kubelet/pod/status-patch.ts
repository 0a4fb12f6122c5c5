import { PASSING_CONDITIONS } from "./conditions.ts";
import type { PodStatus } from "./spec.ts";

/** Lists that a strategic merge would add to, though they are meant to be replaced. */
const REPLACED = new Set(["podIPs", "hostIPs"]);

/**
 * The strategic merge patch that turns one status into the other; undefined when they say the same. Conditions that
 * others have set are left alone.
 */
export function statusPatch(
  before: PodStatus,
  after: PodStatus,
): Readonly<Record<string, unknown>> | undefined {
  const old = before as Readonly<Record<string, unknown>>;
  const next = after as Readonly<Record<string, unknown>>;
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (isSame(old[key], next[key])) continue;
    if (key === "conditions") patch[key] = changedConditions(before, after);
    else if (next[key] === undefined) patch[key] = null;
    else patch[key] = REPLACED.has(key) ? [{ $patch: "replace" }, ...(next[key] as unknown[])] : next[key];
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function changedConditions(before: PodStatus, after: PodStatus): unknown[] {
  const changed: unknown[] = [];
  for (const condition of after.conditions ?? []) {
    const old = before.conditions?.find(({ type }) => type === condition.type);
    if (isSame(old, condition)) continue;
    // A merge keeps what the patch does not mention.
    const gone = Object.keys(old ?? {}).filter((key) => !(key in condition));
    changed.push({ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) });
  }
  for (const type of PASSING_CONDITIONS)
    if (has(before, type) && !has(after, type)) changed.push({ $patch: "delete", type });
  return changed;
}

const has = ({ conditions = [] }: PodStatus, wanted: string): boolean =>
  conditions.some(({ type }) => type === wanted);

/** Deep equality in which an absent key, an empty object and an empty list are the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isBlank(a) && isBlank(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!isSame(left[key], right[key])) return false;
  return true;
}

const isBlank = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.values(value).every(isBlank));
