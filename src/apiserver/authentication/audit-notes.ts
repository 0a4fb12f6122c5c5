/** What goes on record about the credential that somebody came with, beside who they are. */
import type { User } from "../contracts.ts";

type Notes = () => Iterable<readonly [key: string, value: string]>;

// Authenticators give the same User for the same credential, so notes live as long as it does.
const notes = new WeakMap<User, Notes>();

/** `note` is asked with every request that goes on record. */
export const keepNotes = (user: User, note: Notes): void => void notes.set(user, note);

/** Annotations of an audit event. */
export const auditNotesOf = (user: User): Iterable<readonly [key: string, value: string]> =>
  notes.get(user)?.() ?? [];
