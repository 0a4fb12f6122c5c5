import { InvalidRequest, type Change, type Guard } from "./store.ts";

/** So that every engine can hold it: LMDB's own limit is a little higher. */
const KEY_BYTES_MAX = 1_024;
/** Printable ASCII: so that the order of strings is the order of bytes. */
const KEY = /^[\x20-\x7e]+$/;

/** Throws `InvalidRequest` for keys no store takes and for a key named twice. */
export function checkCommit(guards: readonly Guard[], changes: readonly Change[]): void {
  for (const { key } of guards) checkKey(key);
  for (const { key } of changes) checkKey(key);
  if (changes.length < 2) return;
  const seen = new Set<string>();
  for (const { key } of changes) {
    if (seen.has(key)) throw new InvalidRequest(`key ${key} is changed twice in one commit`);
    seen.add(key);
  }
}

function checkKey(key: string): void {
  if (key.length > KEY_BYTES_MAX) throw new InvalidRequest(`a key is longer than ${KEY_BYTES_MAX} bytes`);
  if (!KEY.test(key)) throw new InvalidRequest(`key ${JSON.stringify(key)} is not printable ASCII`);
}
