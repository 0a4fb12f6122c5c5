/** Where in a schema there may be something of a kind, so that walks over objects skip all the rest. */
import { type Member, membersOf, type Resolved, resolve } from "./shape.ts";

/** Gives, for a type, the members that are of this kind or may hold some that are. A struct is looked through once. */
export function holdersOf(isOne: (member: Member) => boolean): (type: Resolved) => readonly Member[] {
  const known = new WeakMap<Resolved, readonly Member[]>();
  return holdersIn;

  function holdersIn(type: Resolved): readonly Member[] {
    if (type.kind === "list") return holdersIn(resolve(type.item));
    if (type.kind === "map") return holdersIn(resolve(type.value));
    if (type.kind === "scalar" || type.rules.json) return [];
    let members = known.get(type);
    if (!members) {
      // A struct that holds itself adds nothing by that.
      known.set(type, []);
      members = membersOf(type).filter((member) => isOne(member) || holdersIn(member.type).length > 0);
      known.set(type, members);
    }
    return members;
  }
}
