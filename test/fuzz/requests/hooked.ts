/** Objects that admission webhooks are asked about. */
import type { Random } from "#base/random";
import { HOOK, HOOKS } from "../names.ts";
import { asBody } from "./cbor.ts";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

/** Objects that webhooks see, whose answers are none. */
export function hooked(random: Random): Made {
  const labels = { [HOOK]: String(random.below(HOOKS)) };
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { generateName: "hooked-", labels },
    data: { a: "b" },
  };
  const query = pick(random, ["", "?dryRun=All", "?fieldValidation=Strict"]);
  return { method: "POST", path: `/api/v1/namespaces/fuzz/configmaps${query}`, ...asBody(random, body) };
}
