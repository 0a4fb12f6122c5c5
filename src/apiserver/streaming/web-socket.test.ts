import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Duplex, PassThrough } from "node:stream";
import { test } from "node:test";
import { acceptOrClose } from "./web-socket.ts";

test("a handshake without a key is answered, and closes what the client was to be joined with", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  const [request, socket, head] = (await once(server, "upgrade")) as [IncomingMessage, Duplex, Buffer];
  const other = new PassThrough();
  const answer = once(client, "data");
  await assert.rejects(acceptOrClose({ request, socket, head }, "v5.channel.k8s.io", other), { code: 400 });
  assert.match(String((await answer)[0]), /^HTTP\/1\.1 400 /);
  assert.ok(other.destroyed);
  client.destroy();
  server.close();
});
