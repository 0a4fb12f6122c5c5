import { isObject } from "#machinery/patch/merge-patch";

type Json = Readonly<Record<string, unknown>>;

const PLACE = "#/definitions/";

export interface PartOfV2 {
  readonly paths: Json;
  readonly definitions: Json;
}

/** The paths of a document that begin so, and the definitions that they need. */
export function partOfV2(document: Json, prefix: string): PartOfV2 {
  const parameters = membersOf(document.parameters);
  const paths = Object.fromEntries(
    Object.entries(membersOf(document.paths))
      .filter(([path]) => `${path}/`.startsWith(prefix))
      .map(([path, item]) => [path, withParameters(item, parameters)]),
  );
  const all = membersOf(document.definitions);
  const definitions: Record<string, unknown> = {};
  const wanted = [...refsIn(paths)];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (Object.hasOwn(definitions, name) || !Object.hasOwn(all, name)) continue;
    definitions[name] = all[name];
    wanted.push(...refsIn(all[name]));
  }
  return { paths, definitions };
}

const PARAMETER_PLACE = "#/parameters/";

/** With the parameters themselves where a document keeps those that are used often in one place. */
function withParameters(node: unknown, parameters: Json): unknown {
  if (Object.keys(parameters).length === 0 || typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return node.map((one) => withParameters(one, parameters));
  const { $ref } = node as Json;
  if (typeof $ref === "string" && $ref.startsWith(PARAMETER_PLACE)) {
    const name = $ref.slice(PARAMETER_PLACE.length);
    return Object.hasOwn(parameters, name) ? parameters[name] : node;
  }
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withParameters(value, parameters)]),
  );
}

export const membersOf = (node: unknown): Json => (isObject(node) ? node : {});

/** Names of the definitions that are referred to. */
function* refsIn(node: unknown): Iterable<string> {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "$ref" && typeof value === "string") yield value.slice(PLACE.length);
    else yield* refsIn(value);
  }
}

/** With other names for some definitions. */
export function renamed<T>(node: T, names: ReadonlyMap<string, string>): T {
  if (names.size === 0 || typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return node.map((one) => renamed<unknown>(one, names)) as T;
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => {
    if (key !== "$ref" || typeof value !== "string") return [key, renamed<unknown>(value, names)];
    const name = value.slice(PLACE.length);
    return [key, `${PLACE}${names.get(name) ?? name}`];
  });
  return Object.fromEntries(entries) as T;
}
