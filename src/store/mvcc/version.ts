import type { Entry } from "../store.ts";

/**
 * One value a key has had, linked to the one before it. A deletion is a version too, with `createRevision` 0.
 * The links reach as far back as history is kept.
 */
export class Version {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Its place among the changes of its revision. */
  readonly sub: number;
  readonly lease: number;
  /** Undefined where the journal alone holds the bytes. */
  value: Uint8Array | undefined;
  older: Version | undefined;
  /** What the journal recognises its record by. */
  checksum = 0;

  constructor(
    key: string,
    createRevision: number,
    modRevision: number,
    sub: number,
    lease: number,
    value: Uint8Array | undefined,
    older: Version | undefined,
  ) {
    this.key = key;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
    this.sub = sub;
    this.lease = lease;
    this.value = value;
    this.older = older;
  }

  get deleted(): boolean {
    return this.createRevision === 0;
  }
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The version that a reader at `revision` sees; undefined when the key did not exist then. */
export function liveAt(newest: Version | undefined, revision: number): Version | undefined {
  let version = newest;
  while (version !== undefined && version.modRevision > revision) version = version.older;
  return version === undefined || version.deleted ? undefined : version;
}

export const entryOf = (version: Version, value: Uint8Array): Entry => ({
  key: version.key,
  value,
  createRevision: version.createRevision,
  modRevision: version.modRevision,
  lease: version.lease,
});
