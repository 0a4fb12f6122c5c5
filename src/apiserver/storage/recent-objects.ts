/** Objects noted since the last turn of which at most two are held; more turn earlier. */
const OBJECTS_MAX = 4_096;

/**
 * Holds the parsed objects of one kind that are read in process again and again: those of this turn and of the one
 * before it. The others are parsed anew when somebody wants them.
 */
export class RecentObjects {
  #turn = 1;
  #noted = new Set<object>();
  #before = new Set<object>();

  /** Counts up; what was noted in this turn need not be noted again. */
  get turn(): number {
    return this.#turn;
  }

  get size(): number {
    return this.#noted.size + this.#before.size;
  }

  note(object: object): void {
    this.#before.delete(object);
    this.#noted.add(object);
    if (this.#noted.size >= OBJECTS_MAX) this.next();
  }

  /** It has been replaced: nobody will read it again. */
  drop(object: object): void {
    if (!this.#noted.delete(object)) this.#before.delete(object);
  }

  /** Lets go of what was not noted since the turn before. */
  next(): void {
    if (this.size === 0) return;
    this.#turn++;
    this.#before = this.#noted;
    this.#noted = new Set();
  }
}
