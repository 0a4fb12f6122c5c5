import type { AnyObject } from "#machinery/schema";
import type { Held, Opened } from "./held.ts";

export type Labels = Readonly<Record<string, string>>;

interface Group<T> {
  readonly labels: Labels;
  readonly members: Set<Held<T>>;
}

const NO_LABELS: Labels = {};

/**
 * Objects of a namespace in groups of equal labels. Replicas have the same ones, so that a selector is asked about few
 * groups instead of every object.
 */
export class LabelGroups<T extends AnyObject> {
  readonly #namespaces = new Map<string, Map<string, Group<T>>>();

  insert({ held, object }: Opened<T>): void {
    const { namespace = "", labels = NO_LABELS } = object.metadata;
    let groups = this.#namespaces.get(namespace);
    if (!groups) this.#namespaces.set(namespace, (groups = new Map()));
    const text = JSON.stringify(labels);
    const group = groups.get(text);
    if (group) group.members.add(held);
    else groups.set(text, { labels, members: new Set([held]) });
  }

  withdraw({ held, object }: Opened<T>): void {
    const { namespace = "", labels = NO_LABELS } = object.metadata;
    const groups = this.#namespaces.get(namespace);
    const text = JSON.stringify(labels);
    const group = groups?.get(text);
    if (!groups || !group) return;
    group.members.delete(held);
    if (group.members.size === 0) groups.delete(text);
    if (groups.size === 0) this.#namespaces.delete(namespace);
  }

  *select(namespace: string, matches: (labels: Labels) => boolean): IterableIterator<Held<T>> {
    for (const { labels, members } of this.#namespaces.get(namespace)?.values() ?? [])
      if (matches(labels)) yield* members;
  }
}
