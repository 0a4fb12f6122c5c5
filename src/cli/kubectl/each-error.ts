import { explain } from "../errors.ts";
import type { Io } from "../io.ts";
import { Exit } from "../verb.ts";

/** Does the work for each; failures are told as they come and do not keep the others from being done. Gives the exit code. */
export async function eachError<T>(
  io: Pick<Io, "tell">,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<number> {
  let code = 0;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      if (error instanceof Exit || (error as Error).name === "ConnectionError") throw error;
      io.tell(`${explain(error)}\n`);
      code = 1;
    }
  }
  return code;
}
