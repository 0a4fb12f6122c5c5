import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { EarlyBytes } from "./early-bytes.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what a client sends too early is there for whoever takes the connection over, and the rest comes to them", async () => {
  const socket = new PassThrough();
  const early = new EarlyBytes(socket, Buffer.from("a"));
  socket.write("b");
  await turn();
  assert.equal(String(early.taken()), "ab");
  const next = once(socket, "data");
  socket.write("c");
  assert.equal(String((await next)[0]), "c");
});

test("a client that has spoken too early and leaves is seen to", async () => {
  const socket = new PassThrough();
  const early = new EarlyBytes(socket, Buffer.from("a"));
  socket.end("b");
  await once(socket, "close");
  assert.equal(String(early.taken()), "ab");
});

test("a client that speaks too much too early is hung up on", async () => {
  const socket = new PassThrough();
  const early = new EarlyBytes(socket, Buffer.alloc(0));
  socket.write(Buffer.alloc(300 * 1024));
  await once(socket, "close");
  assert.equal(early.taken().length, 300 * 1024);
});
