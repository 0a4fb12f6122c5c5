import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { hasReason } from "#machinery/status";
import { Client } from "../client.ts";
import { HttpsTransport, type HttpsTransportOptions } from "./https-transport.ts";

async function serve(context: TestContext, answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(
  context: TestContext,
  servers: string[],
  more: Partial<HttpsTransportOptions> = {},
): Client {
  const transport = new HttpsTransport({ servers, clock: systemClock, random: seededRandom(1), ...more });
  context.after(() => transport.close());
  return new Client(transport);
}

const at = { namespace: "ns", name: "a" };
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };

test("errors arrive as the Status that the server sent, or one made of its code", async (context) => {
  const url = await serve(context, (request, response) => {
    response.statusCode = 404;
    response.end(
      request.url?.endsWith("/a") ? JSON.stringify({ kind: "Status", reason: "NotFound", code: 404 }) : "?",
    );
  });
  const client = clientOf(context, [url]);
  await assert.rejects(client.get(ConfigMap, at), (error) => hasReason(error, "NotFound"));
  await assert.rejects(client.get(ConfigMap, { ...at, name: "b" }), (error) => hasReason(error, "NotFound"));
});

test("a server that is down is left for the next, and one that says later is asked later", async (context) => {
  const down = await serve(context, () => undefined);
  const asked: string[] = [];
  const up = await serve(context, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (asked.length === 1) {
      response.writeHead(429, { "Retry-After": "0" });
      response.end();
    } else response.end(JSON.stringify(object));
  });
  const closed = new URL(down);
  closed.port = "1";
  const client = clientOf(context, [closed.href, up]);
  const made = await client.create(ConfigMap, { metadata: { name: "a", namespace: "ns" } });
  assert.equal(made.metadata.name, "a");
  assert.deepEqual(asked, Array(2).fill("POST /api/v1/namespaces/ns/configmaps"));
});

test("waiting for a server that says later does not count as silence", async (context) => {
  const clock = new VirtualClock();
  let asked = 0;
  const refused = Promise.withResolvers<void>();
  const url = await serve(context, (_request, response) => {
    response.writeHead(429, { "Retry-After": "30" });
    response.end(JSON.stringify({ kind: "Status", reason: "TooManyRequests", code: 429 }));
    if (++asked === 11) refused.resolve();
  });
  const client = clientOf(context, [url], { clock });
  const answer = client.get(ConfigMap, at);
  answer.catch(() => undefined);
  const over = refused.promise.then(() => true);
  while (!(await Promise.race([over, clock.advance(1_000).then(() => false)])));
  await assert.rejects(answer, (error) => hasReason(error, "TooManyRequests"));
});

test("a watch is read line by line, and ends with its error", async (context) => {
  const text = [
    { type: "ADDED", object },
    {
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: "7", annotations: { "k8s.io/initial-events-end": "true" } } },
    },
    { type: "ERROR", object: { kind: "Status", reason: "Expired", code: 410 } },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join("");
  let query = new URLSearchParams();
  const url = await serve(context, (request, response) => {
    query = new URL(request.url!, "http://x").searchParams;
    response.write(text.slice(0, 20));
    setImmediate(() => response.end(text.slice(20)));
  });
  const client = clientOf(context, [url]);
  const seen: unknown[] = [];
  const signal = new AbortController().signal;
  const watch = async () => {
    for await (const event of client.watch(ConfigMap, { signal, resourceVersion: "", initialEvents: true })) {
      seen.push(event.type);
    }
  };
  await assert.rejects(watch(), (error) => hasReason(error, "Expired"));
  assert.deepEqual(seen, ["ADDED", "BOOKMARK"]);
  assert.equal(query.get("sendInitialEvents"), "true");
  assert.equal(query.get("resourceVersionMatch"), "NotOlderThan");
});

test("the token comes from its file; items of lists know their kind", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "k8ts-token-"));
  context.after(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, "secret\n");
  let authorization: string | undefined;
  const url = await serve(context, (request, response) => {
    authorization = request.headers.authorization;
    response.end(
      JSON.stringify({ metadata: { resourceVersion: "5" }, items: [{ metadata: { name: "a" } }] }),
    );
  });
  const page = await clientOf(context, [url], { tokenFile }).list(ConfigMap, { namespace: "ns" });
  assert.equal(authorization, "Bearer secret");
  assert.deepEqual([page.resourceVersion, page.items[0]?.kind], ["5", "ConfigMap"]);
});

test("an aborted call ends at once", async (context) => {
  const url = await serve(context, () => undefined);
  const abort = new AbortController();
  const call = clientOf(context, [url]).get(ConfigMap, at, { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
});

test("a watch that hears nothing any more ends", async (context) => {
  const clock = new VirtualClock();
  const url = await serve(context, (_request, response) =>
    response.write(`${JSON.stringify({ type: "ADDED", object })}\n`),
  );
  const client = clientOf(context, [url], { clock });
  const events = client.watch(ConfigMap, { signal: new AbortController().signal, resourceVersion: "1" });
  const watch = events[Symbol.asyncIterator]();
  assert.equal((await watch.next()).value.type, "ADDED");
  const next = watch.next();
  const ended = assert.rejects(next);
  await clock.advance(200_000);
  await ended;
});
