/** Discovery, OpenAPI, health and metrics, in forms that there may not be. */
import type { Random } from "#base/random";
import { EXTENSION } from "../names.ts";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

const DOCUMENTS = [
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/api/v1?hash=\u0000",
  "/openapi/v3/apis/apps/v1",
  `/openapi/v3/apis/${EXTENSION}/v1`,
  "/api",
  "/apis",
  "/apis/apps/v1",
  `/apis/${EXTENSION}`,
  "/version",
  "/metrics",
  "/debug/api_priority_and_fairness/dump_requests",
  "/readyz?verbose&exclude=etcd&exclude=\u00fc",
];

const DOCUMENT_FORMS = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList",
  "application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/cbor;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf;q=0,*/*;q=0.1",
  "a/b;".repeat(2000),
  `${"application/json;q=0.1,".repeat(1000)}x`,
  'application/json;as="\\"',
  "text/html;level=1;q=1e9",
  "application/json; stream=watch; charset=utf-16",
  "\u00fc",
];

export const document = (random: Random): Made => ({
  method: pick(random, ["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
  path: pick(random, DOCUMENTS),
  headers: {
    accept: pick(random, DOCUMENT_FORMS),
    ...pick<Record<string, string>>(random, [
      {},
      { "if-none-match": '"x", W/"y", *' },
      { "accept-encoding": "gzip;q=1, *;q=0" },
      { range: "bytes=0-1" },
    ]),
  },
});
