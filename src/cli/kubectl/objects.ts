/** Objects of any kind, as they come from the server or from files. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generateName?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
    readonly managedFields?: readonly unknown[];
  };
  readonly [part: string]: unknown;
}

export type Json = Readonly<Record<string, unknown>>;

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** With keys in alphabetical order on every level, which is how kubectl writes objects. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJson(value)) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) =>
    one < other ? -1 : one > other ? 1 : 0,
  );
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}

/** Without the bookkeeping of who set which field, which nobody reads. */
export function withoutManagedFields<T extends AnyObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** `spec.template.metadata` of an object, undefined where there is no such part. */
export function at(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const key of path.split(".")) {
    if (!isJson(found) || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export const conditionsOf = (object: unknown): readonly Condition[] =>
  (at(object, "status.conditions") as readonly Condition[] | undefined) ?? [];

/** `app=web,tier=front` */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(labels ?? {})
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** A LabelSelector, or the map of labels that older kinds have, as text for a query. */
export function selectorText(selector: Selector | Readonly<Record<string, string>> | undefined): string {
  if (selector === undefined) return "";
  const whole = selector as Selector;
  if (!isJson(whole.matchLabels) && !Array.isArray(whole.matchExpressions))
    return labelsText(selector as Readonly<Record<string, string>>);
  const expressions = (whole.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    switch (operator) {
      case "In":
        return `${key} in (${values.join(",")})`;
      case "NotIn":
        return `${key} notin (${values.join(",")})`;
      case "Exists":
        return key;
      default:
        return `!${key}`;
    }
  });
  return [labelsText(whole.matchLabels), ...expressions].filter((text) => text !== "").join(",");
}
