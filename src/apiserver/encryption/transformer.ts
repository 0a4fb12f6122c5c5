/** What was read, and whether it should be written again: with the first key of the first provider. */
export interface Opened {
  readonly bytes: Uint8Array;
  readonly stale: boolean;
}

/** Between the bytes of an object and those in the store. Errors say what is wrong, and never hold what was read. */
export interface Transformer {
  /** `key`: the place in the store, which the result is bound to where the cipher can do that. */
  seal(plain: Uint8Array, key: string): Uint8Array;
  open(sealed: Uint8Array, key: string): Opened | Promise<Opened>;
}

/** A transformer whose values are known by how they begin; without a prefix: values as they are. */
export interface Provider extends Transformer {
  readonly prefix: string;
}

/** Bytes that begin like those of a provider, and are none of its. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}
