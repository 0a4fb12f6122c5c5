import { asError } from "#base/attempt";

/** One pass has at most this many writes on their way. */
const WRITES_IN_FLIGHT_MAX = 64;

/** Does something with each item, so many at a time. All are tried; the first error is thrown at the end. */
export async function inParallel<I>(
  items: readonly I[],
  work: (item: I) => Promise<unknown>,
  inFlightMax = WRITES_IN_FLIGHT_MAX,
): Promise<void> {
  let next = 0;
  let failure: Error | undefined;
  const worker = async () => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        failure ??= asError(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, items.length) }, worker));
  if (failure) throw failure;
}

/**
 * Does it `count` times in batches of 1, 2, 4 and so on, and starts no further batch after a failure: what cannot
 * work is tried once and not `count` times. Throws the first error; `succeeded` counts what went well.
 */
export async function slowStart(
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<{ readonly succeeded: number; readonly failure: Error | undefined }> {
  let started = 0;
  let succeeded = 0;
  for (let size = 1; started < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - started) }, (_, index) => started + index);
    started += batch.length;
    try {
      await inParallel(batch, async (index) => {
        await work(index);
        succeeded++;
      });
    } catch (error) {
      return { succeeded, failure: asError(error) };
    }
  }
  return { succeeded, failure: undefined };
}
