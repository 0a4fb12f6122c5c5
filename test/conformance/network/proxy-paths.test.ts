/** Requests to pods and Services through the API server, with every method and path. */
import assert from "node:assert/strict";
import type { V1Service, V1ServiceSpec } from "@kubernetes/client-node";
import { endpoints, pods, services } from "../kinds.ts";
import { podOf, scripted } from "../pods.ts";
import { conformance } from "../suite.ts";
import { readyPods } from "../workloads.ts";

const serviceOf = (name: string, more: Partial<V1ServiceSpec> = {}): V1Service => ({
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }], ...more },
});

/** Says how it was asked. */
const ECHO = [
  "mkdir -p /tmp/www/cgi-bin",
  `printf '#!/bin/sh\\nprintf "content-type: text/plain\\\\r\\\\n\\\\r\\\\n$REQUEST_METHOD $PATH_INFO $QUERY_STRING"\\n' >/tmp/www/cgi-bin/echo`,
  "chmod 755 /tmp/www/cgi-bin/echo",
  "exec httpd -f -p 8080 -h /tmp/www",
].join("; ");

for (const [what, path] of [
  ["Proxy", ""],
  ["ProxyWithPath", "/some/path/with/METHOD"],
] as const) {
  conformance(
    `[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ${what} [Conformance]`,
    async (context) => {
      await services(context).create(serviceOf("web"));
      await pods(context).create(
        podOf(
          "web-0",
          scripted(ECHO, { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }),
          {},
          { app: "web" },
        ),
      );
      await readyPods(context, "app=web", 1);
      await endpoints(context).until(
        "web",
        ({ subsets }) => subsets?.[0]?.addresses?.length === 1,
        "has its pod",
      );
      const base = `/api/v1/namespaces/${context.namespace}`;
      for (const at of ["pods/web-0:8080", "services/web:80"]) {
        for (const method of ["GET", "POST"]) {
          const own = path.replace("METHOD", method);
          const { code, body } = await context.raw(
            method,
            `${base}/${at}/proxy/cgi-bin/echo${own}?method=${method}`,
            method === "GET" ? {} : { body: "sent" },
          );
          assert.deepEqual([code, body], [200, `${method} ${own} method=${method}`]);
        }
      }
      // Without a path the server says where the collection of paths begins.
      const bare = await context.raw("GET", `${base}/pods/web-0:8080/proxy?x=y`);
      assert.equal(bare.code, 301);
      assert.equal(bare.headers.location, `${base}/pods/web-0:8080/proxy/?x=y`);
    },
  );
}
