/** Names that the attacked server's surroundings and the requests share. */

/** Where the attacker may do everything. */
export const FUZZED = "fuzz";
/** Where the attacker may only read. */
export const KEPT = "kept";
/** Names without a namespace that the attacker may change. */
export const OWN_NAMES = ["fuzz-0", "fuzz-1", "fuzz-2", "fuzz-3"];
/** Has a pod on the node that misbehaves; nobody may change what is in it. */
export const STREAMS = "streams";
/** The group of the extension server. */
export const EXTENSION = "broken.example.com";
/** The label that leads an object to a webhook. */
export const HOOK = "hook";
export const HOOKS = 12;
