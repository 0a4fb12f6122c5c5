/** What passes between a client and an extension server that does as it likes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:http2";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type TestContext, test } from "node:test";
import { startAggregatedCluster } from "#testing/extension-server/aggregated-cluster";

const BASE = "/apis/wardle.example.com/v1alpha1";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A cluster, and behind its API service a server that lists no kinds and does the rest as `handle` says. */
async function startWild(t: TestContext, handle: Handler) {
  const cluster = await startAggregatedCluster(t);
  const { certificate: cert, key } = cluster.certificate();
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (asked, response) => (asked.url === BASE ? response.end("{}") : handle(asked, response)),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await cluster.announce((server.address() as AddressInfo).port);
  await cluster.available("Passed");
  const { hostname, port } = new URL(cluster.url);
  const begin = (method: string, path: string, headers: object = {}) =>
    httpsRequest({
      host: hostname,
      port,
      ca: cluster.ca,
      agent: false,
      method,
      path: `${BASE}${path}`,
      headers: { authorization: `Bearer ${cluster.adminToken}`, ...headers },
    });
  return { cluster, server, begin };
}

async function answerTo(
  sent: ReturnType<typeof httpsRequest>,
  body?: string | Buffer,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const text = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

test("requests and answers arrive as they were sent, but for what belongs to a connection", async (t) => {
  const seen: IncomingMessage[] = [];
  const { begin, cluster } = await startWild(t, (asked, response) => {
    seen.push(asked);
    response.writeHead(207, { "x-own": "yes", connection: "x-hop", "x-hop": "no", "content-type": "a/b" });
    asked.pipe(response);
  });
  const large = Buffer.alloc(5 * 1024 * 1024, "x");
  const headers = {
    connection: "x-mine",
    "x-mine": "1",
    "x-end": "2",
    "x-remote-user": "root",
    "x-remote-extra-a": "b",
    cookie: "a=b",
  };
  const answer = await answerTo(begin("POST", "/anything?q=%2F&q=2", headers), large);
  assert.equal(answer.status, 207);
  assert.equal(answer.text.length, large.length);
  assert.equal(answer.headers["x-own"], "yes");
  assert.equal(answer.headers["x-hop"], undefined);
  assert.equal(answer.headers["content-type"], "a/b");
  const [asked] = seen;
  assert.equal(asked!.url, `${BASE}/anything?q=%2F&q=2`);
  const { authorization, "x-mine": mine, "x-end": end, cookie, host } = asked!.headers;
  assert.deepEqual(
    { authorization, mine, end, cookie },
    {
      authorization: undefined,
      mine: undefined,
      end: "2",
      cookie: "a=b",
    },
  );
  assert.match(host!, /^flunders\.wardle\.svc:\d+$/);
  assert.equal(asked!.headers["x-remote-user"], "admin");
  assert.deepEqual(asked!.headersDistinct["x-remote-group"], ["system:masters", "system:authenticated"]);
  assert.deepEqual(asked!.headersDistinct["x-remote-extra-team"], ["a", "b"]);
  assert.equal(asked!.headers["x-remote-extra-a"], undefined);
  assert.equal(asked!.headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(asked!.headers["x-forwarded-host"], new URL(cluster.url).host);
  assert.equal((asked!.socket as TLSSocket).getPeerCertificate().subject.CN, "front-proxy-client");

  const session = connect(cluster.url, { ca: cluster.ca });
  t.after(() => session.destroy());
  const stream = session.request({
    ":method": "PUT",
    ":path": `${BASE}/x`,
    authorization: `Bearer ${cluster.adminToken}`,
  });
  stream.end("over h2");
  const [h2] = (await once(stream, "response")) as [{ ":status": number }];
  assert.equal(h2[":status"], 207);
  assert.equal(Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)).toString(), "over h2");
});

test("a body has an end, whatever the method and whoever brought it", async (t) => {
  const { begin, cluster } = await startWild(t, (asked, response) => asked.pipe(response));
  const deleted = begin("DELETE", "/x");
  deleted.setHeader("transfer-encoding", "chunked");
  assert.equal((await answerTo(deleted, "why")).text, "why");
  assert.equal((await answerTo(begin("DELETE", "/x"))).text, "");
  // What comes with a GET is nobody's to read.
  assert.equal((await answerTo(begin("GET", "/x", { "content-length": "3" }), "why")).text, "");
  const session = connect(cluster.url, { ca: cluster.ca });
  t.after(() => session.destroy());
  const authorization = `Bearer ${cluster.adminToken}`;
  for (const body of ["over h2", ""]) {
    const head = { ":method": "DELETE", ":path": `${BASE}/x`, authorization };
    const stream = session.request(head, { endStream: body === "" });
    if (body !== "") stream.end(body);
    const text = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)).toString();
    assert.equal(text, body);
  }
  const root = cluster.server.transport({ name: "root", groups: ["system:masters"] });
  const inProcess = await root.raw({ method: "DELETE", path: `${BASE}/x`, body: Buffer.from("within") });
  assert.equal(Buffer.concat(await Array.fromAsync(inProcess.body)).toString(), "within");
});

test("answers come piece by piece, and end with their client or their server", async (t) => {
  const open: ServerResponse[] = [];
  const { begin } = await startWild(t, (_, response) => {
    open.push(response);
    response.write("one\n");
  });
  const watch = begin("GET", "/flunders?watch=1").end();
  const [first] = (await once(watch, "response")) as [IncomingMessage];
  assert.equal(String((await once(first, "data"))[0]), "one\n");
  open[0]!.write("two\n");
  assert.equal(String((await once(first, "data"))[0]), "two\n");
  const gone = once(open[0]!, "close");
  watch.destroy();
  await gone;

  const broken = begin("GET", "/flunders?watch=1").end();
  const [second] = (await once(broken, "response")) as [IncomingMessage];
  await once(second, "data");
  const failed = once(second, "error");
  open[1]!.destroy();
  assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
});

test("redirects are neither followed nor passed on", async (t) => {
  const { begin } = await startWild(t, (_, response) => {
    response.writeHead(302, { location: "https://127.0.0.1:1/" }).end();
  });
  const { status, text, headers } = await answerTo(begin("GET", "/x"));
  assert.equal(status, 502);
  assert.equal(text, "the backend attempted to redirect this request, which is not permitted");
  assert.equal(headers.location, undefined);
});

test("connections may change their protocol, or be told that they may not", async (t) => {
  const { begin, server } = await startWild(t, () => undefined);
  const seen: IncomingHttpHeaders[] = [];
  server.on("upgrade", (asked, socket) => {
    seen.push(asked.headers);
    if (asked.url?.endsWith("/moved")) {
      socket.end("HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    if (asked.url?.endsWith("/no")) {
      const body = "not here";
      socket.end(`HTTP/1.1 418 Teapot\r\ncontent-length: ${body.length}\r\nx-why: tea\r\n\r\n${body}`);
      return;
    }
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
    socket.pipe(socket);
  });
  const wish = { connection: "Upgrade", upgrade: "echo" };
  const upgrading = begin("GET", "/flunders/a/connect", wish).end();
  const [, socket] = (await once(upgrading, "upgrade")) as [IncomingMessage, TLSSocket];
  socket.write("hello");
  assert.equal(String((await once(socket, "data"))[0]), "hello");
  socket.destroy();
  const refused = await answerTo(begin("GET", "/flunders/a/no", wish));
  assert.deepEqual([refused.status, refused.text, refused.headers["x-why"]], [418, "not here", "tea"]);
  const moved = await answerTo(begin("GET", "/flunders/a/moved", wish));
  assert.deepEqual([moved.status, moved.headers.location], [502, undefined]);

  // The other end of the connection is ours: it neither learns the token nor forgets who asks.
  const token = "base64url.bearer.authorization.k8s.io.YWRtaW4tdG9rZW4";
  const browser = begin("GET", "/flunders/a/no", {
    connection: "Upgrade, X-Remote-User, X-Mine",
    upgrade: "websocket",
    "x-mine": "1",
    "sec-websocket-protocol": `${token}, chat, ${token}`,
  });
  browser.removeHeader("authorization");
  assert.equal((await answerTo(browser)).status, 418);
  const { connection, upgrade, "sec-websocket-protocol": protocols, ...rest } = seen.at(-1)!;
  assert.deepEqual([connection, upgrade, protocols], ["Upgrade", "websocket", "chat"]);
  assert.deepEqual([rest["x-remote-user"], rest["x-mine"]], ["admin", undefined]);
});

test("a server that breaks off says nothing, and the client hears that", async (t) => {
  const { begin } = await startWild(t, (asked) => void asked.socket.destroy());
  const { status, text } = await answerTo(begin("GET", "/x"));
  assert.equal(status, 503);
  assert.equal(JSON.parse(text).message, "error trying to reach service: EOF");
});

test("a server that knows the older form of OpenAPI only is described in the newer one", async (t) => {
  const asked: (string | undefined)[] = [];
  const document = {
    swagger: "2.0",
    info: { title: "Sea", version: "v0" },
    paths: {
      [`${BASE}/eels`]: {
        get: {
          produces: ["application/json"],
          responses: { 200: { schema: { $ref: "#/definitions/Eel" } } },
        },
      },
      "/elsewhere": {},
    },
    definitions: { Eel: { type: "object" }, Owl: { type: "object" } },
  };
  const { cluster } = await startWild(t, (request, response) => {
    asked.push(`${request.url} ${String(request.headers["x-remote-user"])}`);
    if (request.url !== "/openapi/v2") return void response.writeHead(404).end();
    if (request.headers["if-none-match"] === '"1"') return void response.writeHead(304).end();
    response.setHeader("etag", '"1"').end(JSON.stringify(document));
  });
  const { admin, clock } = cluster;
  const read = async (path: string) => {
    const { body } = await admin.raw({ method: "GET", path });
    return JSON.parse(Buffer.concat(await Array.fromAsync(body)).toString());
  };
  const { paths } = await read("/openapi/v3");
  const made = await read(paths[BASE.slice(1)].serverRelativeURL);
  assert.deepEqual(made.components.schemas, { Eel: { type: "object" } });
  assert.deepEqual(Object.keys(made.paths), [`${BASE}/eels`]);
  assert.deepEqual(asked, ["/openapi/v3 system:aggregator", "/openapi/v2 system:aggregator"]);
  // What it said holds for a while, and is then asked for again by its tag.
  await read("/openapi/v2");
  assert.equal(asked.length, 2);
  await clock.advance(61_000);
  const later = await read("/openapi/v2");
  assert.ok(later.definitions.Eel && !later.definitions.Owl);
  assert.deepEqual(asked.slice(2), ["/openapi/v2 system:aggregator"]);
});
