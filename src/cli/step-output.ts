import type { StepOutput } from "#cluster/steps";
import type { Io } from "./io.ts";

/** Progress goes to standard error, so that the result can be read by a machine. */
export const stepOutput = ({ stderr, tell }: Io): StepOutput => ({
  write: tell,
  live: stderr.isTTY === true,
});
