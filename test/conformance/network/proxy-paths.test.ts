/** Requests to pods and Services through the API server, with every method and path. */
import assert from "node:assert/strict";
import type { V1Service, V1ServiceSpec } from "@kubernetes/client-node";
import { pods, services } from "../kinds.ts";
import { podOf, scripted } from "../pods.ts";
import { conformance } from "../suite.ts";
import { leadsTo, readyPods } from "../workloads.ts";

const serviceOf = (name: string, more: Partial<V1ServiceSpec> = {}): V1Service => ({
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }], ...more },
});

/** Says how it was asked: one program for each connection, which reads a request with its body and answers. */
const ANSWER = String.raw`
read -r method path version
length=0
while read -r line; do
  line=$(printf '%s' "$line" | tr -d '\r')
  [ -z "$line" ] && break
  case "$line" in [Cc]ontent-[Ll]ength:*) length=$(echo "$line" | cut -d ' ' -f 2);; esac
done
body=$(head -c "$length")
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n'
[ "$method" = HEAD ] || printf '%s %s %s' "$method" "$path" "$body"
`;
const ECHO = [`cat >/tmp/answer <<'END'\n${ANSWER}END`, "exec nc -ll -p 8080 -e sh /tmp/answer"].join("\n");

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

for (const [what, path] of [
  ["Proxy", ""],
  ["ProxyWithPath", "some/path/with/METHOD"],
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
      await leadsTo(context, "web", 1);
      const base = `/api/v1/namespaces/${context.namespace}`;
      for (const at of ["pods/web-0:8080", "services/web:80"]) {
        for (const method of METHODS) {
          const own = `/${path.replace("METHOD", method)}?method=${method}`;
          const sends = method !== "GET" && method !== "HEAD";
          const { code, body } = await context.raw(
            method,
            `${base}/${at}/proxy${own}`,
            sends ? { body: "sent" } : {},
          );
          const said = method === "HEAD" ? "" : `${method} ${own} ${sends ? "sent" : ""}`;
          assert.deepEqual([code, body], [200, said]);
        }
      }
      // Without a path the server says where the collection of paths begins.
      const bare = await context.raw("GET", `${base}/pods/web-0:8080/proxy?x=y`);
      assert.equal(bare.code, 301);
      assert.equal(bare.headers.location, `${base}/pods/web-0:8080/proxy/?x=y`);
    },
  );
}
