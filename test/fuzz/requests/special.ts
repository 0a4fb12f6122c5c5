/** Odd requests for what is no kind of its own. */
import type { Random } from "#base/random";
import { shown } from "./accepts.ts";
import { bomb } from "./bombs.ts";
import { owned } from "./managed-fields.ts";
import { resize } from "./resizes.ts";
import { proxied } from "./backends.ts";
import { pick } from "./choices.ts";
import { credentials } from "./credentials.ts";
import { customObject } from "./custom-objects.ts";
import { document } from "./documents.ts";
import { elsewhere } from "./elsewhere.ts";
import { hooked } from "./hooked.ts";
import { lookalike } from "./lookalikes.ts";
import type { Made, OddRequest } from "./request.ts";
import { admitted, believedToken, converted, extended, judgedElsewhere } from "./lies.ts";
import { review } from "./reviews.ts";
import { scale } from "./scales.ts";
import { selection } from "./selections.ts";

const MADE: readonly ((random: Random) => Made)[] = [
  credentials,
  review,
  review,
  customObject,
  customObject,
  scale,
  elsewhere,
  elsewhere,
  hooked,
  document,
  selection,
  selection,
  lookalike,
  proxied,
  proxied,
  admitted,
  admitted,
  believedToken,
  judgedElsewhere,
  converted,
  converted,
  extended,
  shown,
  shown,
  owned,
  owned,
  resize,
  resize,
  bomb,
];

export function specialRequest(random: Random): OddRequest {
  const {
    method = "GET",
    path = "/",
    headers = {},
    body,
    abort,
    mayFail = false,
  } = pick(random, MADE)(random);
  const upgrade = headers["upgrade"] !== undefined;
  return {
    over: upgrade || random.next() < 0.25 ? "h1" : "h2",
    method,
    path,
    headers: { ...(path.startsWith("/version") ? {} : { authorization: "Bearer attacker" }), ...headers },
    body,
    mayFail,
    abort: abort === true || random.next() < 0.03,
  };
}
