import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { test } from "node:test";
import { WebSocket } from "ws";
import { ConfigMap } from "#api/core-v1/configmap";
import { Pod } from "#api/core-v1/pod";
import type { ReadCache } from "../contracts.ts";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import { readEnvelope, readWatchEvent } from "#machinery/protobuf-envelope";
import { type Json, startHarness } from "../harness.ts";
import { selfSigned } from "../listening-harness.ts";
import type { Rooms } from "../server.ts";
import type { StreamingOptions } from "./connect.ts";
import { serveLog } from "./pod-log.ts";

const PATH = "/api/v1/namespaces/default/configmaps";

async function serve(t: { after(end: () => Promise<void>): void }, rooms: Partial<Rooms> = {}) {
  const harness = await startHarness(t, { rooms });
  const pair = await selfSigned();
  const { port } = await harness.server.listen({
    host: "127.0.0.1",
    port: 0,
    clientCa: pair.certificate,
    ...pair,
  });
  const connect = (target: string, protocols: string[] = [], headers: Record<string, string> = {}) =>
    new WebSocket(`wss://127.0.0.1:${port}${target}`, protocols, { rejectUnauthorized: false, headers });
  return { ...harness, port, connect };
}

/** Messages as they come: what they hold, and whether they are binary. */
async function* messages(
  client: WebSocket,
): AsyncGenerator<{ readonly data: Buffer; readonly binary: boolean }> {
  const waiting: { readonly data: Buffer; readonly binary: boolean }[] = [];
  let wake = () => undefined as void;
  client.on("message", (data: Buffer, binary: boolean) => {
    waiting.push({ data, binary });
    wake();
  });
  client.on("close", () => wake());
  while (client.readyState <= WebSocket.OPEN || waiting.length > 0) {
    const next = waiting.shift();
    if (next) yield next;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

test("every event of a watch is a text message, and the end of the watch closes the socket", async (t) => {
  const { connect, create, clock } = await serve(t);
  await create(ConfigMap, { metadata: { name: "a", namespace: "default" } });
  const client = connect(`${PATH}?watch=true&timeoutSeconds=30`, [
    "base64url.bearer.authorization.k8s.io.abc",
    "binary.k8s.io",
  ]);
  const closed = once(client, "close");
  const events = messages(client);
  const next = async (): Promise<Json> => {
    const { value } = await events.next();
    assert.equal(value!.binary, false);
    return JSON.parse(value!.data.toString());
  };
  const first = await next();
  assert.equal(client.protocol, "binary.k8s.io");
  assert.deepEqual([first.type, first.object.metadata.name], ["ADDED", "a"]);
  // What clients say is not heard.
  client.send("hello");
  await Promise.all(
    ["b", "c", "d"].map((name) => create(ConfigMap, { metadata: { name, namespace: "default" } })),
  );
  const names = [
    (await next()).object.metadata.name,
    (await next()).object.metadata.name,
    (await next()).object.metadata.name,
  ];
  assert.deepEqual(names.toSorted(), ["b", "c", "d"]);
  await clock.advance(31_000);
  const [code] = (await closed) as [number];
  assert.equal(code, 1000);
});

test("in protobuf the messages are binary, without a length before them", async (t) => {
  const { connect, create } = await serve(t);
  await create(ConfigMap, { metadata: { name: "a", namespace: "default" } });
  const accept = "application/vnd.kubernetes.protobuf;stream=watch";
  const client = connect(`${PATH}?watch=true`, [], { accept });
  const { value } = await messages(client).next();
  assert.equal(value!.binary, true);
  const event = readWatchEvent(value!.data);
  assert.equal(event.type, "ADDED");
  assert.equal(
    decodeProtobuf<ConfigMap>(ConfigMap.schema, readEnvelope(event.object).raw).metadata.name,
    "a",
  );
  client.terminate();
});

test("a refusal is an answer of HTTP, and so is what is no watch", async (t) => {
  const { connect, create, port, ask } = await serve(t);
  const refused = connect("/api/v1/nothing?watch=true");
  const [, response] = (await once(refused, "unexpected-response")) as [unknown, { statusCode: number }];
  assert.equal(response.statusCode, 404);
  refused.on("error", () => undefined);
  refused.terminate();

  const data = { text: "x".repeat(50_000) };
  for (let n = 0; n < 10; n++)
    await create(ConfigMap, { metadata: { name: `m${n}`, namespace: "default" }, data });
  const request = httpsRequest({
    port,
    path: PATH,
    rejectUnauthorized: false,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  });
  request.end();
  const [answer] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  assert.equal(answer.statusCode, 200);
  const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)).toString();
  assert.deepEqual(JSON.parse(body), (await ask("GET", PATH)).json);
});

test("a log is messages of bytes, or of their base64, after an empty one", async (t) => {
  let cache: ReadCache | undefined;
  // A kubelet would need a node: what it says is all that matters here.
  const kubelets = {
    request: () => Promise.resolve(Readable.from([Buffer.from("one\n"), Buffer.from("two\n")])),
  } as unknown as StreamingOptions["kubelets"];
  const log = (request: Parameters<typeof serveLog>[0]) =>
    serveLog(request, { cache: cache!, kubelets } as StreamingOptions);
  const { connect, create, server } = await serve(t, { connects: new Map([["pods/log", log]]) });
  cache = server.cache;
  const spec = { nodeName: "n", containers: [{ name: "c", image: "i" }] };
  await create(Pod, { metadata: { name: "p", namespace: "default" }, spec });
  const path = "/api/v1/namespaces/default/pods/p/log?follow=true";
  for (const [protocols, binary, expected] of [
    [[], true, ["", "one\n", "two\n"]],
    [["binary.k8s.io"], true, ["", "one\n", "two\n"]],
    [["base64.binary.k8s.io"], false, ["", "b25lCg==", "dHdvCg=="]],
  ] as const) {
    const client = connect(path, [...protocols]);
    const got = await Array.fromAsync(messages(client));
    assert.deepEqual(
      got.map(({ data }) => data.toString()),
      expected,
    );
    assert.ok(got.every((message) => message.binary === binary));
    assert.equal(client.protocol, protocols[0] ?? "");
  }
  const refused = connect(path, ["v4.channel.k8s.io"]);
  refused.on("error", () => undefined);
  const [, response] = (await once(refused, "unexpected-response")) as [unknown, { statusCode: number }];
  assert.equal(response.statusCode, 400);
  refused.terminate();
});
