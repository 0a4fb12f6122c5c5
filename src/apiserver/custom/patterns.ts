import { setFlagsFromString } from "node:v8";

/**
 * Patterns come from clients, and so do the texts that they are held against. From now on a match that would go back
 * and forth for too long is done by an engine that reads the text once.
 */
export const boundBacktracking = (): void =>
  setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
