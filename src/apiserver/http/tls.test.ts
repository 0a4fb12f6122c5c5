import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { openMemoryStore } from "#store/memory/memory-store";
import { selfSigned } from "../listening-harness.ts";
import { startApiServer } from "../server.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
async function serve(t: { after(end: () => Promise<void>): void }) {
  const pair = await selfSigned();
  const store = openMemoryStore();
  const seen: (Uint8Array | undefined)[] = [];
  const server = await startApiServer({
    store,
    clock: systemClock,
    random: systemRandom,
    limits: { bodyBytesMax: 100_000 },
    rooms: () => ({
      authenticator: {
        authenticate: ({ clientCertificate }) => {
          seen.push(clientCertificate);
          return Promise.resolve({ name: "admin", groups: [] });
        },
      },
      authorizer: {
        authorize: (_user, { resource }) => ({
          verdict: resource === "secrets" ? "no-opinion" : "allow",
          reason: "",
        }),
      },
      admission: [],
    }),
  });
  t.after(async () => {
    await server.close();
    await store.close();
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, clientCa: pair.certificate, ...pair });
  return { port, pair, seen, server };
}

function h2(session: ClientHttp2Session, method: string, path: string, body?: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const stream = session.request({ ":method": method, ":path": path, "content-type": "application/json" });
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (headers) => (status = headers[":status"] ?? 0));
    stream.on("data", (chunk: string) => (text += chunk));
    stream.on("end", () => resolve({ status, text }));
    stream.on("error", reject);
    stream.end(body);
  });
}

function h1(port: number, ca: string, method: string, path: string, body?: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = httpsRequest({ host: "127.0.0.1", port, ca, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject);
    request.setHeader("content-type", "application/json");
    request.end(body);
  });
}

const map = (name: string, value = "v") =>
  JSON.stringify({ kind: "ConfigMap", apiVersion: "v1", metadata: { name }, data: { value } });

test("HTTP/2 and HTTP/1.1 on one port, with client certificates", async (t) => {
  const { port, pair, seen } = await serve(t);
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: pair.certificate,
    cert: pair.certificate,
    key: pair.key,
  });
  t.after(() => session.destroy());
  const made = await h2(session, "POST", PATH, map("a"));
  assert.equal(made.status, 201);
  assert.ok(seen.at(-1) instanceof Uint8Array);
  const got = await h1(port, pair.certificate, "GET", `${PATH}/a`);
  assert.equal(got.status, 200);
  assert.equal(seen.at(-1), undefined);
  assert.equal(got.text, made.text);
  const refused = await h1(port, pair.certificate, "GET", "/api/v1/secrets");
  assert.equal(refused.status, 403);
  assert.match(refused.text, /secrets is forbidden: User \\"admin\\" cannot list resource \\"secrets\\"/);
  const huge = await h2(session, "POST", PATH, map("b", "x".repeat(200_000)));
  assert.equal(huge.status, 413);
  const still = await h2(session, "GET", `${PATH}/a`);
  assert.equal(still.status, 200);
});

test("a list longer than one piece, and a watch that is told of a change", async (t) => {
  const { port, pair } = await serve(t);
  const session = connect(`https://127.0.0.1:${port}`, { ca: pair.certificate });
  t.after(() => session.destroy());
  for (let index = 0; index < 30; index++)
    await h2(session, "POST", PATH, map(`m${index}`, "x".repeat(20_000)));
  const list = JSON.parse((await h2(session, "GET", PATH)).text) as {
    items: { data: { value: string } }[];
    metadata: { resourceVersion: string };
  };
  assert.equal(list.items.length, 30);
  assert.equal(list.items[29]!.data.value.length, 20_000);
  const watch = session.request({
    ":path": `${PATH}?watch=1&resourceVersion=${list.metadata.resourceVersion}`,
  });
  watch.setEncoding("utf8");
  const line = new Promise<string>((resolve) => {
    let text = "";
    watch.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
  });
  await h2(session, "DELETE", `${PATH}/m7`);
  const event = JSON.parse(await line) as { type: string; object: { metadata: { name: string } } };
  assert.equal(event.type, "DELETED");
  assert.equal(event.object.metadata.name, "m7");
});

test("a connection that never says a word does not keep the server from closing", async (t) => {
  const { port, server, pair } = await serve(t);
  const silent = connectTcp(port, "127.0.0.1");
  t.after(() => silent.destroy());
  await once(silent, "connect");
  // Answered after the silent one was accepted.
  const session = connect(`https://127.0.0.1:${port}`, { ca: pair.certificate });
  t.after(() => session.destroy());
  assert.equal((await h2(session, "GET", PATH)).status, 200);
  const closed = once(silent, "close");
  await server.close();
  await closed;
});
