import { sameJson } from "#machinery/same-json";
import type { AnyMeta, AnyObject, AnyOwner, Resource } from "#machinery/schema";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

/** Owners known to be gone; the longest known are forgotten, and asked for again when needed. */
const ABSENT_MAX = 10_000;

/** What is remembered of an object: all that decides what becomes of it. */
export type Known = Pick<
  AnyMeta,
  "name" | "namespace" | "resourceVersion" | "deletionTimestamp" | "finalizers" | "ownerReferences"
>;

/** One object, or one that others name as their owner and that no cache has shown yet. */
export interface Node {
  readonly uid: string;
  /** Undefined while it is only known by name. */
  kind: Resource | undefined;
  known: Known | undefined;
  /** How others name it, and from which namespace, until the object itself is seen. */
  named: { readonly owner: AnyOwner; readonly namespace: string } | undefined;
  dependents: ReadonlySet<Node>;
}

/** Most objects own nothing; they share this. */
const NONE: ReadonlySet<Node> = new Set();
const NOBODY: readonly AnyOwner[] = [];

export const isVirtual = ({ known }: Node): boolean => known === undefined;
export const isLeaving = ({ known }: Node): boolean => known?.deletionTimestamp !== undefined;
export const hasFinalizer = ({ known }: Node, finalizer: string): boolean =>
  known?.finalizers?.includes(finalizer) ?? false;

/** On its way out, once its dependents are gone. */
export const awaitsDependents = (node: Node): boolean => isLeaving(node) && hasFinalizer(node, FOREGROUND);
export const awaitsOrphaning = (node: Node): boolean => isLeaving(node) && hasFinalizer(node, ORPHAN);

/** What a change asks for. */
export interface Effects {
  /** Nodes whose reasons to exist are to be looked at. */
  readonly check: readonly Node[];
  /** Nodes whose dependents are to be set free. */
  readonly orphan: readonly Node[];
}

/** Who owns whom, over all kinds. It only knows; it does nothing to objects. */
export class OwnerGraph {
  readonly #nodes = new Map<string, Node>();
  /** Uids of what is gone, and names under which nothing of the uid was found. */
  readonly #absent = new Set<string>();
  /** References of one owner's dependents, mostly the same, are kept once; by the owner's uid. */
  readonly #references = new Map<string, readonly AnyOwner[]>();

  get(uid: string): Node | undefined {
    return this.#nodes.get(uid);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Does this way to name an owner, from this namespace, lead nowhere? */
  isKnownAbsent(owner: AnyOwner, namespace: string): boolean {
    return this.#absent.has(owner.uid) || this.#absent.has(nameOf(owner, namespace));
  }

  /** An object that was seen, new or changed. */
  seen(kind: Resource, object: AnyObject): Effects {
    const { uid } = object.metadata;
    const node = this.#node(uid);
    const before = node.known?.ownerReferences ?? NOBODY;
    const wasVirtual = isVirtual(node);
    const wasAwaiting = { dependents: awaitsDependents(node), orphaning: awaitsOrphaning(node) };
    node.kind = kind;
    node.known = this.#knownOf(object.metadata);
    node.named = undefined;
    this.#absent.delete(uid);
    const check = this.#relink(node, before, node.known.ownerReferences ?? NOBODY);
    if (wasVirtual) check.push(...this.#misnaming(node));
    if (awaitsDependents(node) && !wasAwaiting.dependents) check.push(node, ...node.dependents);
    const orphan = awaitsOrphaning(node) && !wasAwaiting.orphaning ? [node] : [];
    return { check, orphan };
  }

  /**
   * Under this name, from this namespace, there is no such object. Whoever names it so is to be looked at; others may
   * name it rightly, whatever this one says.
   */
  missing(owner: AnyOwner, namespace: string): Effects {
    const node = this.#nodes.get(owner.uid);
    this.#markAbsent(nameOf(owner, namespace));
    if (!node || !isVirtual(node)) return { check: [], orphan: [] };
    const check: Node[] = [];
    node.named = undefined;
    for (const dependent of node.dependents) {
      const at = dependent.known?.namespace ?? "";
      const named = dependent.known?.ownerReferences?.find(({ uid }) => uid === owner.uid);
      if (!named || this.isKnownAbsent(named, at)) check.push(dependent);
      else node.named ??= { owner: named, namespace: at };
    }
    if (node.named) check.push(node);
    return { check, orphan: [] };
  }

  /** An object that is gone. */
  gone(uid: string): Effects {
    const node = this.#nodes.get(uid);
    this.#markAbsent(uid);
    if (!node) return { check: [], orphan: [] };
    const waiting = this.#unlink(node, node.known?.ownerReferences ?? NOBODY);
    node.known = undefined;
    const check = [...node.dependents, ...waiting];
    if (node.dependents.size === 0) this.#forget(uid);
    return { check, orphan: [] };
  }

  /** All of a kind has been seen anew: what was only seen before is gone. */
  settle(kind: Resource): Effects {
    const check: Node[] = [];
    for (const node of this.#nodes.values()) {
      const { kind: seenAs } = node;
      if (!seenAs || seenAs === kind || seenAs.plural !== kind.plural || seenAs.group !== kind.group)
        continue;
      check.push(...this.gone(node.uid).check);
    }
    return { check, orphan: [] };
  }

  #knownOf({
    name,
    namespace,
    resourceVersion,
    deletionTimestamp,
    finalizers,
    ownerReferences,
  }: AnyMeta): Known {
    const owners = ownerReferences?.length ? this.#shared(ownerReferences) : undefined;
    return { name, namespace, resourceVersion, deletionTimestamp, finalizers, ownerReferences: owners };
  }

  #shared(owners: readonly AnyOwner[]): readonly AnyOwner[] {
    const { uid } = owners[0]!;
    const usual = this.#references.get(uid);
    if (usual && sameJson(usual, owners)) return usual;
    this.#references.set(uid, owners);
    return owners;
  }

  #forget(uid: string): void {
    this.#nodes.delete(uid);
    this.#references.delete(uid);
  }

  #node(uid: string): Node {
    const known = this.#nodes.get(uid);
    if (known) return known;
    const made: Node = { uid, kind: undefined, known: undefined, named: undefined, dependents: NONE };
    this.#nodes.set(uid, made);
    return made;
  }

  /** Answers what is to be looked at because of the change. */
  #relink(node: Node, before: readonly AnyOwner[], now: readonly AnyOwner[]): Node[] {
    if (before === now) return [];
    const check: Node[] = [];
    const dropped = before.filter((owner) => !now.some(({ uid }) => uid === owner.uid));
    // An owner that waits for its dependents may be free now.
    check.push(...this.#unlink(node, dropped), ...this.#unblocked(before, now));
    for (const owner of now) {
      if (before.some(({ uid }) => uid === owner.uid)) continue;
      const ownerNode = this.#node(owner.uid);
      this.#addDependent(ownerNode, node);
      if (!isVirtual(ownerNode)) {
        if (awaitsDependents(ownerNode) || !isNamedRightly(owner, ownerNode, node)) check.push(node);
        continue;
      }
      const namespace = node.known?.namespace ?? "";
      if (this.isKnownAbsent(owner, namespace)) check.push(node);
      else {
        ownerNode.named ??= { owner, namespace };
        check.push(ownerNode);
      }
    }
    if (dropped.length > 0 && now.length > 0) check.push(node);
    return check;
  }

  /** Those that have named it before it was seen, and not as it is. */
  #misnaming(owner: Node): Node[] {
    return [...owner.dependents].filter((dependent) =>
      dependent.known?.ownerReferences?.some(
        (reference) => reference.uid === owner.uid && !isNamedRightly(reference, owner, dependent),
      ),
    );
  }

  #addDependent(owner: Node, node: Node): void {
    if (owner.dependents === NONE) owner.dependents = new Set();
    (owner.dependents as Set<Node>).add(node);
  }

  #unblocked(before: readonly AnyOwner[], now: readonly AnyOwner[]): Node[] {
    const freed = before.filter(
      (owner) =>
        owner.blockOwnerDeletion &&
        now.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && !blockOwnerDeletion),
    );
    return freed.map(({ uid }) => this.#nodes.get(uid)).filter((node) => node !== undefined);
  }

  /** Takes the node from its owners; answers those of them that wait for their dependents. */
  #unlink(node: Node, owners: readonly AnyOwner[]): Node[] {
    const waiting: Node[] = [];
    for (const { uid } of owners) {
      const owner = this.#nodes.get(uid);
      if (!owner) continue;
      if (owner.dependents !== NONE) (owner.dependents as Set<Node>).delete(node);
      if (awaitsDependents(owner)) waiting.push(owner);
      if (isVirtual(owner) && owner.dependents.size === 0) this.#forget(uid);
    }
    return waiting;
  }

  #markAbsent(what: string): void {
    this.#absent.add(what);
    if (this.#absent.size > ABSENT_MAX) this.#absent.delete(this.#absent.values().next().value!);
  }
}

const nameOf = ({ uid, apiVersion, kind, name }: AnyOwner, namespace: string): string =>
  [uid, apiVersion, kind, namespace, name].join("|");

/** A reference with the right uid but another name, kind or namespace leads nowhere. */
export function isNamedRightly(owner: AnyOwner, { kind, known }: Node, dependent: Node): boolean {
  if (!kind || !known) return true;
  const slash = owner.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : owner.apiVersion.slice(0, slash);
  if (owner.kind !== kind.kind || group !== kind.group || owner.name !== known.name) return false;
  return !kind.namespaced || known.namespace === dependent.known?.namespace;
}
