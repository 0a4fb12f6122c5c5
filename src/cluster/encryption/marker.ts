/** The store itself knows with which key its secrets are written, so that no server begins without it. */
import type { Store } from "#store/store";

const KEY = "k8ts_encryption_key";

export const isMarker = (key: string): boolean => key === KEY;

/** What it says, and the revision by which it is replaced. */
export interface Marker {
  readonly keyId: string | undefined;
  readonly modRevision: number;
}

export async function readMarker(store: Store): Promise<Marker> {
  const { entry } = await store.get(KEY);
  return entry
    ? { keyId: new TextDecoder().decode(entry.value), modRevision: entry.modRevision }
    : { keyId: undefined, modRevision: 0 };
}

/** False when somebody else has written it meanwhile. */
export async function writeMarker(store: Store, before: Marker, keyId: string | undefined): Promise<boolean> {
  if (before.keyId === keyId) return true;
  const guard = { key: KEY, modRevision: before.modRevision };
  const change =
    keyId === undefined
      ? ({ type: "delete", key: KEY } as const)
      : ({ type: "put", key: KEY, value: new TextEncoder().encode(keyId) } as const);
  return (await store.commit([guard], [change])).succeeded;
}
