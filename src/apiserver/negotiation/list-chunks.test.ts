import assert from "node:assert/strict";
import { connect as connectH2 } from "node:http2";
import { request } from "node:https";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { connect } from "node:tls";
import { startListening } from "../listening-harness.ts";

const OBJECTS = 400;
const PATH = "/api/v1/namespaces/default/configmaps";
const sizeOf = (index: number): number => (index === 7 ? 150_000 : 9_000);

/** Reads in small steps, with others in between, so that the server is always ahead. */
async function readSlowly(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    await turn();
  }
  return Buffer.concat(chunks).toString();
}

function check(text: string): void {
  const { items } = JSON.parse(text) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly data: { readonly text: string };
    }[];
  };
  assert.equal(items.length, OBJECTS);
  for (const [index, { metadata, data }] of items.entries()) {
    assert.equal(metadata.name, `map-${index + 1000}`);
    assert.equal(data.text, `${index} `.repeat(sizeOf(index)).slice(0, sizeOf(index)));
  }
}

test("a long list is whole over every protocol, however slowly and by however many it is read", async (t) => {
  const { ask, port, ca } = await startListening(t);
  await ask("u", "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  for (let index = 0; index < OBJECTS; index++) {
    const data = { text: `${index} `.repeat(sizeOf(index)).slice(0, sizeOf(index)) };
    const answer = await ask("u", "POST", PATH, { metadata: { name: `map-${index + 1000}` }, data });
    assert.equal(answer.status, 201, answer.text);
  }
  const headers = { authorization: "Bearer u" };

  const overH1 = (extra = {}) =>
    new Promise<string>((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port,
        path: PATH,
        ca,
        agent: false,
        headers: { ...headers, ...extra },
      };
      const asked = request(options, (answer) => void readSlowly(answer).then(resolve, reject));
      asked.on("error", reject).end();
    });
  for (const text of await Promise.all([overH1(), overH1(), overH1()])) check(text);

  const session = connectH2(`https://127.0.0.1:${port}`, { ca });
  t.after(() => session.destroy());
  const overH2 = () => readSlowly(session.request({ ...headers, ":path": PATH }));
  for (const text of await Promise.all([overH2(), overH2(), overH2()])) check(text);

  // Several questions at once on one connection: later answers wait behind earlier ones.
  const socket = connect({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1"] });
  t.after(() => void socket.destroy());
  const ask1 = `GET ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer u\r\n`;
  socket.write(`${ask1}\r\n${ask1}\r\n${ask1}connection: close\r\n\r\n`);
  const answers = (await readSlowly(socket)).split("HTTP/1.1 200 OK").slice(1);
  assert.equal(answers.length, 3);
  for (const answer of answers) check(unframed(answer.slice(answer.indexOf("\r\n\r\n") + 4)));
});

/** What the chunks of HTTP/1.1 hold; all of it is ASCII here. */
function unframed(body: string): string {
  let text = "";
  for (let at = 0; ;) {
    const lineEnd = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.slice(at, lineEnd), 16);
    if (length === 0) return text;
    text += body.slice(lineEnd + 2, lineEnd + 2 + length);
    at = lineEnd + 4 + length;
  }
}
