import { familyOf, parseIp } from "#base/ip";
import { percentOf } from "#machinery/int-or-string";
import { type NameFormat, problemsOfName } from "#machinery/names";
import { duplicate, entry, type FieldProblem, invalid, item } from "#machinery/schema";

/** Checks that many kinds share. Each yields what is wrong with one value; absent values are never wrong. */
export type Problems = Iterable<FieldProblem>;

const IMMUTABLE = "field is immutable";
const NOT_NEGATIVE = "must be greater than or equal to 0";

/** A text in one of the formats of `machinery/names`. */
export function* named(path: string, text: string | undefined, format: NameFormat): Problems {
  if (text === undefined) return;
  for (const detail of problemsOfName(format, text)) yield invalid(path, text, detail);
}

/** As `named`, for texts that mean nothing when empty. */
export function* namedIfSet(path: string, text: string | undefined, format: NameFormat): Problems {
  if (text) yield* named(path, text, format);
}

export function* notNegative(path: string, value: number | undefined): Problems {
  if (value !== undefined && value < 0) yield invalid(path, value, NOT_NEGATIVE);
}

export function* inRange(path: string, value: number | undefined, min: number, max: number): Problems {
  if (value !== undefined && (value < min || value > max))
    yield invalid(path, value, `must be between ${min} and ${max}, inclusive`);
}

const PORT_MAX = 65_535;

export const portNumber = (path: string, port: number | undefined): Problems =>
  inRange(path, port, 1, PORT_MAX);

/** A port by number, or by the name that a container gave it. */
export const portNumberOrName = (path: string, port: number | string): Problems =>
  typeof port === "number" ? portNumber(path, port) : named(path, port, "port-name");

const ID_MAX = 2_147_483_647;

/** A user or group id of the kernel. */
export const kernelId = (path: string, id: number | undefined): Problems => inRange(path, id, 0, ID_MAX);

const MODE_MAX = 0o777;

export function* fileMode(path: string, mode: number | undefined): Problems {
  if (mode !== undefined && (mode < 0 || mode > MODE_MAX))
    yield invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

/** A count, or a percentage up to a hundred. */
export function* countOrPercent(path: string, value: number | string | undefined): Problems {
  if (value === undefined) return;
  if (typeof value === "number") return yield* notNegative(path, value);
  if (!/^\d+%$/.test(value)) {
    const form = "a valid percent string must be a numeric string followed by an ending '%'";
    yield invalid(path, value, `${form} (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`);
  } else if (percentOf(value)! > 100) yield invalid(path, value, "must not be greater than 100%");
}

/** Is it certainly none, whether said as a number or as a share? */
export const isNothing = (value: number | string | undefined): boolean =>
  value === undefined || value === 0 || value === "0" || value === "0%";

/** No two items may have the same key; the second one is reported, at `field` below it when given. */
export function* distinct<T>(
  path: string,
  items: readonly T[] | undefined,
  keyOf: (item: T) => string | number | undefined,
  field = "",
): Problems {
  const seen = new Set<string | number>();
  for (const [index, one] of (items ?? []).entries()) {
    const key = keyOf(one);
    if (key === undefined || key === "") continue;
    if (seen.has(key))
      yield duplicate(field === "" ? item(path, index) : `${item(path, index)}.${field}`, key);
    seen.add(key);
  }
}

/** A member by a name that a client chose; names of Object.prototype are members only where somebody put them. */
export const own = <T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  map && Object.hasOwn(map, key) ? map[key] : undefined;

/** The names among `members` that are set, in their order. */
export const setMembers = <T extends object>(value: T, members: readonly (keyof T & string)[]): string[] =>
  members.filter((name) => value[name] !== undefined && value[name] !== null);

/** What may not differ between an object and its next version. */
export function* unchanged(path: string, now: unknown, before: unknown, detail = IMMUTABLE): Problems {
  if (!sameValue(now, before)) yield invalid(path, now ?? null, detail);
}

/** Are two JSON values the same? Shared parts cost nothing; absent and empty are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isBlank(a) && isBlank(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((one, i) => sameValue(one, b[i]))
    );
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  // Only what is their own counts: people name things `constructor`, too.
  const of = (owner: Record<string, unknown>, key: string) =>
    Object.hasOwn(owner, key) ? owner[key] : undefined;
  for (const key of Object.keys(left)) if (!sameValue(left[key], of(right, key))) return false;
  for (const key of Object.keys(right)) if (!isBlank(right[key]) && !Object.hasOwn(left, key)) return false;
  return true;
}

const isBlank = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

/** An address that is written as one. */
export function* ipAddress(path: string, text: string): Problems {
  if (parseIp(text) === undefined)
    yield invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

/** One address at most of each family, two in all. */
export function* onePerFamily(path: string, ips: readonly string[], detail: string): Problems {
  const families = ips.map(familyOf);
  if (ips.length > 2 || new Set(families).size !== families.length) yield invalid(path, ips, detail);
}

/** Keys of ConfigMap and Secret data. */
export function* dataKeys(path: string, data: Readonly<Record<string, unknown>> | undefined): Problems {
  for (const key of Object.keys(data ?? {})) yield* named(entry(path, key), key, "config-key");
}
