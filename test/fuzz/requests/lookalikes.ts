/** Names that only look like those of connections. */
import type { Random } from "#base/random";
import { EXTENSION } from "../names.ts";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

/** A connection that shall become another one, where names stand that only look like those of connections. */
export const lookalike = (random: Random): Made => ({
  method: pick(random, ["GET", "POST", "DELETE"]),
  path: pick(random, [
    "/api/v1/namespaces/exec/configmaps?watch=1&timeoutSeconds=1",
    "/api/v1/namespaces/fuzz/configmaps/exec",
    "/api/v1/namespaces/proxy/pods",
    "/api/v1/namespaces/attach/configmaps?limit=1",
    "/api/v1/watch/namespaces/proxy/pods/x?timeoutSeconds=1",
    "/api/v1/pods/proxy?watch=1&timeoutSeconds=1",
    "/api/v1/pods?watch=1&timeoutSeconds=1",
    "/apis/apps/v1/deployments?watch=true&timeoutSeconds=1&resourceVersion=0",
    "/apis?watch=1",
    "/openapi/v2?watch=true",
    "/api/v1/secrets?watch=test",
    "/api/v1/watch/pods?timeoutSeconds=1",
    "/api/v1/namespaces/fuzz/services/exec/proxy",
    `/apis/${EXTENSION}/v1/exec/${random.below(30)}`,
  ]),
  headers: {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  },
});
