/** Changes of what containers of pods that run may use. */
import type { Random } from "#base/random";
import { asBody } from "./cbor.ts";
import { pick } from "./choices.ts";
import { jsonOf, mutated } from "./odd-values.ts";
import type { Made } from "./request.ts";

const AMOUNTS = [
  "1",
  "100m",
  "0",
  "-1",
  "1e30",
  "1Ei",
  "9223372036854775807",
  "1e-30",
  "x",
  "",
  null,
  5,
  {},
  "2Gi",
  "1.5",
];

const amounts = (random: Random): object =>
  Object.fromEntries(
    ["cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "example.com/gpu", "", "__proto__x"]
      .filter(() => random.next() < 0.35)
      .map((name) => [name, pick<unknown>(random, AMOUNTS)]),
  );

export function resize(random: Random): Made {
  const container = {
    name: pick(random, ["web", "web", "web", "none", ""]),
    image: "registry.test/web:1",
    resources: { requests: amounts(random), limits: amounts(random) },
    resizePolicy: pick<unknown>(random, [
      undefined,
      [{ resourceName: "cpu", restartPolicy: "RestartContainer" }],
      [{ resourceName: "x", restartPolicy: "y" }],
      [{}],
    ]),
  };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "pod", ...pick(random, [{}, {}, { resourceVersion: "1" }, { labels: { a: "b" } }]) },
    spec: {
      containers: pick(random, [[container], [container, container], [], [null]]),
      resources: pick<unknown>(random, [undefined, { limits: amounts(random) }]),
    },
  };
  const method = pick(random, ["PATCH", "PATCH", "PATCH", "PUT", "GET"]);
  const path = `/api/v1/namespaces/fuzz/pods/${pick(random, ["pod", "pod", "pod", "none"])}/resize?${pick(random, ["", "dryRun=All", "fieldManager=me&force=true", "fieldValidation=Strict"])}`;
  if (method === "GET") return { path };
  if (method === "PUT" && random.next() < 0.5) return { method, path, ...asBody(random, pod) };
  const type = pick(random, [
    "application/strategic-merge-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
  ]);
  const said = jsonOf(random.next() < 0.3 ? mutated(pod, random, 2) : pod, random);
  return {
    method,
    path,
    body: new TextEncoder().encode(said),
    headers: { "content-type": method === "PUT" ? "application/json" : type },
  };
}
