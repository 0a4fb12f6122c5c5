/** Wishes for forms of an answer, put together from parts that are fine and parts that are not. */
import type { Random } from "#base/random";
import { chance, pick } from "./choices.ts";

const TYPES = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/cbor",
  "application/cbor-seq",
  "application/*",
  "*/*",
  "*/json",
  "text/plain",
  "",
  "/",
  "a/b/c",
];
const AS = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList", "table", "Pod", "__proto__", ""];
const GROUPS = ["meta.k8s.io", "", "apps", "constructor", "META.K8S.IO"];
const VERSIONS = ["v1", "v1beta1", "v2", "", "v1;v=v1beta1"];
const ODD = [
  "q=0",
  "q=1.5",
  "q=-1",
  "q=NaN",
  'q="1"',
  "stream=watch",
  "charset=utf-16",
  "as",
  "as=",
  '="x"',
  'profile="a,b;c"',
  "g",
  "q=0.001",
  "includeObject=None",
];

/** As a client says which form it would like: one or several. */
export function accept(random: Random): string {
  const one = (): string => {
    const parts = [pick(random, TYPES)];
    if (chance(random, 0.7)) parts.push(`as=${pick(random, AS)}`);
    if (chance(random, 0.7)) parts.push(`g=${pick(random, GROUPS)}`);
    if (chance(random, 0.7)) parts.push(`v=${pick(random, VERSIONS)}`);
    for (let more = random.below(3); more > 0; more--) parts.push(pick(random, ODD));
    const [type, ...rest] = parts;
    return [type, ...(chance(random, 0.3) ? rest.toReversed() : rest)].join(
      pick(random, [";", "; ", " ; ", ";;"]),
    );
  };
  return Array.from({ length: pick(random, [1, 1, 2, 3, 60]) }, one).join(pick(random, [",", ", ", ",,"]));
}

const PLACES = [
  "/api/v1/namespaces/fuzz/configmaps",
  "/api/v1/namespaces/fuzz/configmaps/map",
  "/api/v1/namespaces/fuzz/pods",
  "/api/v1/pods?limit=3",
  "/api/v1/nodes",
  "/apis/apps/v1/namespaces/fuzz/deployments",
  "/apis/apps/v1/namespaces/fuzz/deployments/deployment",
  "/apis/apps/v1/namespaces/fuzz/deployments/deployment/scale",
  "/apis/example.com/v1/namespaces/fuzz/keepers",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  "/api/v1/namespaces/fuzz/configmaps?watch=1&timeoutSeconds=1",
  "/api/v1/namespaces/fuzz/configmaps/none",
  "/apis",
  "/openapi/v3/api/v1",
];
const INCLUDED = [
  "",
  "includeObject=None",
  "includeObject=Object",
  "includeObject=Metadata",
  "includeObject=x",
];

/** What there is, in forms that there may not be. */
export function shown(random: Random): { readonly path: string; readonly headers: Record<string, string> } {
  const path = pick(random, PLACES);
  const query = pick(random, INCLUDED);
  return {
    path: query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`,
    headers: { accept: accept(random) },
  };
}
