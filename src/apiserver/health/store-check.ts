import type { Clock } from "#base/clock";
import type { Store } from "#store/store";

/** Whoever asks how the server is wants to know soon. */
const ANSWER_MS_MAX = 2_000;
const KEY = "/registry/health";

/** Does the store answer? */
export const storeCheck = (store: Pick<Store, "get">, clock: Clock) => async (): Promise<undefined> => {
  const late = new AbortController();
  const cancel = clock.after(ANSWER_MS_MAX, () => late.abort(new Error("the store does not answer")));
  try {
    await store.get(KEY, { signal: late.signal });
  } finally {
    cancel();
  }
};
