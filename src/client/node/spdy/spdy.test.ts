import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { createInflate } from "node:zlib";
import { controlFrame, dataFrame, FRAME, type Frame, FrameReader, HeaderWriter } from "./frames.ts";
import { SpdySession } from "./session.ts";

/** A socket whose other end is the test. */
class Wire extends Duplex {
  readonly #reader = new FrameReader();
  readonly sent: Frame[] = [];
  override _read(): void {
    // What the peer says comes by `says`.
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.sent.push(...this.#reader.push(chunk));
    done();
  }
  says(...chunks: Buffer[]): void {
    for (const chunk of chunks) this.push(chunk);
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("header blocks are one zlib stream, and each can be read as soon as it is there", async () => {
  const writer = new HeaderWriter();
  const inflate = createInflate();
  const blocks: Record<string, string>[] = [{ streamtype: "error" }, { StreamType: "stdin", port: "80" }];
  for (const headers of blocks) {
    inflate.write(writer.block(headers));
    const [block] = (await once(inflate, "data")) as [Buffer];
    let at = 4;
    const text = () => {
      const length = block.readUInt32BE(at);
      at += 4 + length;
      return block.toString("utf8", at - length, at);
    };
    const read = Object.fromEntries(Array.from({ length: block.readUInt32BE(0) }, () => [text(), text()]));
    assert.deepEqual(
      read,
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    );
  }
});

test("streams have odd numbers, send data and end", () => {
  const wire = new Wire();
  const session = new SpdySession(wire, Buffer.alloc(0));
  const [first, second] = [session.open({ streamtype: "error" }), session.open({ streamtype: "stdin" })];
  second.write(Buffer.from("hi"));
  second.end();
  second.write(Buffer.from("too late"));
  first.end();
  const [, , ...frames] = wire.sent;
  assert.deepEqual(
    frames.map((frame) => frame.kind === "data" && [frame.streamId, String(frame.payload), frame.fin]),
    [
      [3, "hi", false],
      [3, "", true],
      [1, "", true],
    ],
  );
});

test("data comes to its stream, however it is cut", async () => {
  const wire = new Wire();
  const session = new SpdySession(wire, Buffer.alloc(0));
  const stream = session.open({ streamtype: "stdout" });
  let text = "";
  let ended = 0;
  stream.onData = (chunk) => (text += chunk);
  stream.onEnd = () => ended++;
  const bytes = Buffer.concat([
    dataFrame(1, Buffer.from("hello "), false),
    dataFrame(9, Buffer.from("?"), false),
    dataFrame(1, Buffer.from("world"), true),
  ]);
  for (const byte of bytes) wire.says(Buffer.from([byte]));
  await nextTurn();
  assert.equal(text, "hello world");
  assert.equal(ended, 1);
});

test("pings are answered; a reset ends its stream; a lost connection ends all", async () => {
  const wire = new Wire();
  const session = new SpdySession(wire, Buffer.alloc(0));
  const ends: string[] = [];
  for (const name of ["a", "b"]) session.open({ name }).onEnd = () => ends.push(name);
  wire.says(
    controlFrame(FRAME.ping, Buffer.from([0, 0, 0, 2])),
    controlFrame(FRAME.rstStream, Buffer.from([0, 0, 0, 1, 0, 0, 0, 5])),
  );
  await nextTurn();
  const pong = wire.sent.at(-1);
  assert.ok(pong?.kind === "control" && pong.type === FRAME.ping && pong.payload.readUInt32BE(0) === 2);
  assert.deepEqual(ends, ["a"]);
  wire.destroy();
  await nextTurn();
  assert.deepEqual(ends, ["a", "b"]);
});

test("a frame beyond all reason ends the connection", async () => {
  const wire = new Wire();
  const session = new SpdySession(wire, Buffer.alloc(0));
  wire.says(Buffer.from([0x00, 0x00, 0x00, 0x01, 0x00, 0xff, 0xff, 0xff]));
  await nextTurn();
  assert.equal(session.socket.destroyed, true);
});

test("streams that are opened when the other side has gone away have ended", async () => {
  const goAway = controlFrame(FRAME.goAway, Buffer.alloc(8));
  assert.ok(new SpdySession(new Wire(), goAway).open({ name: "a" }).ended);
});

test("closing ends the connection, though the other side does not", async () => {
  const wire = new Wire();
  new SpdySession(wire, Buffer.alloc(0)).close();
  await once(wire, "close");
});
