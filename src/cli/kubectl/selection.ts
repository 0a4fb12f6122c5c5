import { UsageError } from "../verb.ts";
import type { ApiKind, Kinds } from "./kinds.ts";

/** What `pods`, `pods a b`, `pods,services` or `pod/a svc/b` ask for. */
export interface Selected {
  readonly kind: ApiKind;
  /** Undefined: all of the kind. */
  readonly names: readonly string[] | undefined;
}

/** Understands the words that name objects. Throws a UsageError or NoSuchKind. */
export function selectedBy(kinds: Kinds, words: readonly string[]): readonly Selected[] {
  const [types, ...names] = words;
  if (types === undefined) throw new UsageError("You must specify the type of resource");
  if (words.some((word) => word.includes("/"))) return byPairs(kinds, words);
  const found = types.split(",").flatMap((type) => kindsNamed(kinds, type));
  return found.map((kind) => ({ kind, names: names.length === 0 ? undefined : names }));
}

function kindsNamed(kinds: Kinds, type: string): readonly ApiKind[] {
  const category = kinds.inCategory(type);
  return category.length > 0 ? category : [kinds.find(type)];
}

function byPairs(kinds: Kinds, words: readonly string[]): readonly Selected[] {
  const selected: { readonly kind: ApiKind; readonly names: string[] }[] = [];
  for (const word of words) {
    const [type = "", name = "", ...more] = word.split("/");
    if (type === "" || name === "" || more.length > 0) {
      throw new UsageError(
        word.includes("/")
          ? "arguments in resource/name form may not have more than one slash"
          : `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'`,
      );
    }
    const kind = kinds.find(type);
    const same = selected.find((each) => each.kind === kind);
    if (same) same.names.push(name);
    else selected.push({ kind, names: [name] });
  }
  return selected;
}

/** One object, as `TYPE/NAME`, `TYPE NAME`, or a name alone where a type goes without saying. */
export function oneObject(
  kinds: Kinds,
  words: readonly string[],
  otherwise?: string,
): { readonly kind: ApiKind; readonly name: string } {
  const [first] = words;
  const whole =
    words.length === 1 && first !== undefined && !first.includes("/") && otherwise !== undefined
      ? [`${otherwise}/${first}`]
      : words;
  const [selected, ...others] = selectedBy(kinds, whole);
  const [name, ...more] = selected?.names ?? [];
  if (selected === undefined || name === undefined)
    throw new UsageError("one object must be named, as TYPE/NAME");
  if (others.length > 0 || more.length > 0) throw new UsageError("only one object can be named");
  return { kind: selected.kind, name };
}
