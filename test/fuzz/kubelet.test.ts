/** The kubelet's own streams, between clients and a runtime of which neither keeps to the protocol. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { systemClock } from "#base/clock";
import { type Random, seededRandom } from "#base/random";
import { KubeletServer } from "#kubelet/streaming/kubelet-server";
import type { KubeletAccess } from "#kubelet/streaming/access";
import type { StreamContainer } from "#kubelet/streaming/stream-targets";
import { Credentials } from "../../src/testing/credentials.ts";
import { Connection, tick } from "./connections/connection.ts";
import { brokenSpdy, brokenWebSocket } from "./connections/frames.ts";
import { endsByItself, startMisbehaving } from "./peers/misbehaving.ts";

const SESSIONS = 400;
const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;

const container: StreamContainer = {
  id: "c",
  running: true,
  logPath: "/none",
  onExit: () => () => undefined,
};
const target = {
  pod: { metadata: { name: "pod", namespace: "default" } } as Pod,
  sandboxId: "s",
  container: () => container,
  previous: () => undefined,
  waitingReason: () => "",
};
/** Everybody may do everything: what is attacked comes behind that. */
const access = { check: () => Promise.resolve(200) } as unknown as KubeletAccess;

/** How a client of the kubelet begins, and in which manner the runtime is to answer. */
function opening(random: Random): {
  readonly head: string;
  readonly frames: (random: Random) => Buffer;
  number: number;
} {
  const number = random.below(10_000);
  const path = pick(random, [
    `/exec/default/pod/web?command=a&output=1&command=n${number}n`,
    `/attach/default/pod/web?output=1&n${number}n`,
    `/portForward/default/pod?port=n${number}n`,
    `/exec/%zz/pod?n${number}n`,
    `//[/exec?n${number}n`,
    `/nothing/${number}`,
  ]);
  const isWebSocket = random.next() < 0.4;
  const upgrade = isWebSocket
    ? "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    : "SPDY/3.1";
  const method = pick(random, ["POST", "GET", "PUT"]);
  return {
    head: `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
    frames: isWebSocket ? brokenWebSocket : brokenSpdy,
    number,
  };
}

it("broken streams on either side end no process, and nothing is left of them", async (t) => {
  const credentials = new Credentials(systemClock);
  const pair = credentials.kubelet("node", ["127.0.0.1"]);
  const runtime = await startMisbehaving({ well: () => undefined });
  t.after(() => runtime.close());
  /** The manner is what the client asks for, however it asks. */
  let number = 0;
  const url = () => Promise.resolve(`http://127.0.0.1:${runtime.port}/n${number}n`);
  const server = new KubeletServer({
    targets: { pods: () => [], find: () => target },
    runtime: { exec: url, attach: url, portForward: url },
    access,
    clock: systemClock,
    clientCa: credentials.authority,
    serving: { cert: pair.certificate, key: pair.key },
    documents: new Map(),
  });
  const port = await server.listen("127.0.0.1", 0);
  t.after(() => server.close());

  for (let seed = 1; seed <= SESSIONS; seed++) {
    const random = seededRandom(seed);
    const { head, frames, ...asked } = opening(random);
    number = asked.number;
    // oxlint-disable-next-line no-await-in-loop -- the manner is that of one at a time
    const connection = await Connection.open(port, credentials.authority, "http/1.1");
    connection.write(head, ...(random.next() < 0.2 ? [frames(random)] : []));
    if (random.next() < 0.2) await tick(random.below(6));
    else {
      const ends = endsByItself(number);
      const answered = await connection.until(
        (received) => received.includes("\r\n\r\n"),
        ends ? undefined : 20,
      );
      assert.ok(answered || !ends, `seed ${seed}: no answer`);
      for (let count = random.below(5); count > 0; count--) connection.write(frames(random));
      if (random.next() < 0.3) connection.reset();
      else if (ends) assert.ok(await connection.until(() => false), `seed ${seed}: still open`);
    }
    connection.close();
  }
  await runtime.allGone();
});
