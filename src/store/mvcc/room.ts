/** Values read together share blocks of this size, which is much cheaper than memory of their own for each. */
const BLOCK_BYTES = 64 * 2 ** 10;
/** A larger value gets memory of its own, so that little of a block is wasted. */
const SHARED_BYTES_MAX = BLOCK_BYTES / 4;

/** Where bytes are copied to that must outlive their source. */
export interface Room {
  copy(source: Uint8Array, start: number, end: number): Uint8Array;
}

/** For a value that may be kept long: it holds on to nothing but itself. */
export const ownRoom: Room = {
  copy: (source, start, end) => Uint8Array.prototype.slice.call(source, start, end),
};

/** For values of one answer, which are let go of together. */
export class SharedRoom implements Room {
  #block = Buffer.alloc(0);
  #used = 0;

  copy(source: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    if (length > SHARED_BYTES_MAX) return ownRoom.copy(source, start, end);
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#used = 0;
    }
    const at = this.#used;
    this.#block.set(source.subarray(start, end), at);
    this.#used = at + length;
    return this.#block.subarray(at, this.#used);
  }
}
