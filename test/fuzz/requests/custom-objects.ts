/** Objects of a kind that a definition makes. */
import type { Random } from "#base/random";
import { asBody } from "./cbor.ts";
import { pick } from "./choices.ts";
import { nested } from "./odd-values.ts";
import type { Made } from "./request.ts";

const ODD_SIZES = [0, -1, 1.5, null, "1", [], {}, 2 ** 53, true, { "": 1 }];

/** Of the kind of the definition that is there. */
export function customObject(random: Random): Made {
  const root = "/apis/example.com/v1/namespaces/fuzz/keepers";
  const name = `k${random.below(5)}`;
  const keeper = {
    apiVersion: pick(random, ["example.com/v1", "example.com/v1", "example.com/v2", "", "x/y/z"]),
    kind: pick(random, ["Keeper", "Keeper", "KeeperList", "Pod", ""]),
    metadata: {
      name,
      ...pick(random, [{}, { labels: null }, { finalizers: ["a"] }, { ownerReferences: [{}] }]),
    },
    spec: pick<unknown>(random, [
      { size: pick<unknown>(random, ODD_SIZES) },
      null,
      [],
      "x",
      { unknown: nested(30) },
      { size: 3 },
    ]),
  };
  const method = pick(random, ["POST", "PUT", "PATCH", "GET", "DELETE"]);
  const sub = pick(random, ["", "", "", "/status", "/scale", "/x"]);
  if (method === "PATCH") {
    const type = pick(random, [
      "application/apply-patch+yaml",
      "application/apply-patch+cbor",
      "application/merge-patch+json",
      "application/json-patch+json",
      "application/strategic-merge-patch+json",
    ]);
    const made = asBody(random, keeper);
    return {
      method,
      path: `${root}/${name}${sub}?fieldManager=me&force=true`,
      body: made.body,
      headers: { "content-type": type },
    };
  }
  if (method === "GET")
    return { path: `${root}${pick(random, ["", `/${name}`, "?limit=1", "?fieldSelector=spec.size=1"])}` };
  return { method, path: method === "POST" ? root : `${root}/${name}${sub}`, ...asBody(random, keeper) };
}
