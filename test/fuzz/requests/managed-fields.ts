/** Owners of fields that nobody is, in patches and by apply. */
import type { Random } from "#base/random";
import { chance, pick } from "./choices.ts";
import { ODD_VALUES, jsonOf } from "./odd-values.ts";
import type { Made } from "./request.ts";

const KEYS = [
  "f:metadata",
  "f:spec",
  "f:data",
  "f:a",
  "f:labels",
  ".",
  "f:",
  "f:__proto__",
  "v:1",
  'v:"a"',
  "v:",
  "v:{",
  "i:0",
  "i:-1",
  "i:99999999999999999999",
  "i:x",
  "k:{}",
  "k:",
  'k:{"name":"web"}',
  'k:{"name":{}}',
  'k:{"containerPort":80,"protocol":"TCP"}',
  "k:[1]",
  "x:y",
  "",
  "f",
  "f:template",
  "f:containers",
];

/** A set of fields, or nearly one. */
function tree(random: Random, depth: number): unknown {
  if (chance(random, 0.08)) return pick(random, ODD_VALUES)();
  if (depth === 0) return {};
  return Object.fromEntries(
    Array.from({ length: random.below(4) }, () => [pick(random, KEYS), tree(random, depth - 1)]),
  );
}

function chain(levels: number): unknown {
  let made: unknown = {};
  for (let level = 0; level < levels; level++) made = { "f:a": made };
  return made;
}

const entry = (random: Random): unknown =>
  chance(random, 0.05)
    ? pick(random, ODD_VALUES)()
    : {
        manager: pick<unknown>(random, ["a", "me", "", "x".repeat(200), null, 1]),
        operation: pick<unknown>(random, ["Apply", "Update", "x", null]),
        apiVersion: pick<unknown>(random, ["v1", "apps/v1", "apps/v9", "x/y/z", "", null]),
        time: pick<unknown>(random, ["2020-01-01T00:00:00Z", "x", null, undefined]),
        fieldsType: pick<unknown>(random, ["FieldsV1", "FieldsV2", null]),
        fieldsV1: chance(random, 0.1) ? chain(pick(random, [50, 900, 1_200])) : tree(random, 5),
        subresource: pick<unknown>(random, [undefined, "status", "scale", "x", 1]),
      };

const PLACES = [
  ["v1", "ConfigMap", "/api/v1/namespaces/fuzz/configmaps/map"],
  ["v1", "Pod", "/api/v1/namespaces/fuzz/pods/pod"],
  ["apps/v1", "Deployment", "/apis/apps/v1/namespaces/fuzz/deployments/deployment"],
  ["example.com/v1", "Keeper", "/apis/example.com/v1/namespaces/fuzz/keepers/k1"],
] as const;

export function owned(random: Random): Made {
  const [apiVersion, kind, path] = pick(random, PLACES);
  const managedFields = Array.from({ length: pick(random, [0, 1, 2, 3, 100]) }, () => entry(random));
  const metadata = { name: path.split("/").at(-1), managedFields };
  const type = pick(random, [
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
  ]);
  const body =
    type === "application/json-patch+json"
      ? [{ op: pick(random, ["add", "replace"]), path: "/metadata/managedFields", value: managedFields }]
      : type === "application/apply-patch+yaml"
        ? {
            apiVersion,
            kind,
            metadata: chance(random, 0.2) ? metadata : { name: metadata.name, labels: { b: "c" } },
          }
        : { metadata };
  const query = pick(random, [
    "fieldManager=me",
    "fieldManager=me&force=true",
    "",
    "fieldManager=other&force=true&dryRun=All",
  ]);
  return {
    method: "PATCH",
    path: `${path}${pick(random, ["", "", "/status"])}?${query}`,
    headers: { "content-type": type },
    body: new TextEncoder().encode(jsonOf(body, random)),
  };
}
