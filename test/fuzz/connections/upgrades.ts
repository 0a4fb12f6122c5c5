/** Commands in containers and forwarded ports where neither side keeps to the protocol. */
import type { Random } from "#base/random";
import { Connection, tick } from "./connection.ts";
import { brokenSpdy, brokenWebSocket } from "./frames.ts";
import { DOCUMENTED } from "../judge.ts";
import { endsByItself, endsStreams } from "../peers/misbehaving.ts";
import { STREAMS } from "../names.ts";
import { pick } from "../requests/choices.ts";

const KEY = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const speaks = (...protocols: readonly string[]): string =>
  `Upgrade: websocket\r\n${KEY}${protocols.length === 0 ? "" : `Sec-WebSocket-Protocol: ${protocols.join(", ")}\r\n`}`;

interface Way {
  readonly upgrade: string;
  readonly frames: (random: Random) => Buffer;
  /** The API server itself speaks SPDY with the kubelet. */
  readonly bridged?: boolean;
}
const WAYS: readonly Way[] = [
  { upgrade: speaks("v5.channel.k8s.io"), frames: brokenWebSocket, bridged: true },
  { upgrade: speaks("v4.channel.k8s.io", "v5.channel.k8s.io"), frames: brokenWebSocket, bridged: true },
  { upgrade: speaks("base64.channel.k8s.io"), frames: brokenWebSocket },
  { upgrade: speaks("SPDY/3.1+portforward.k8s.io"), frames: brokenWebSocket },
  { upgrade: speaks(), frames: brokenWebSocket },
  { upgrade: "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n", frames: brokenSpdy },
  { upgrade: "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n", frames: brokenSpdy },
  { upgrade: "Upgrade: websocket\r\nSec-WebSocket-Version: 99\r\n", frames: brokenWebSocket },
];

export interface Session {
  readonly over: "upgrade";
  readonly what: string;
  readonly number: number;
  readonly head: string;
  readonly bridged: boolean;
  /** Sent with the head, before there is an answer. */
  readonly early: Buffer | undefined;
  readonly pieces: readonly Buffer[];
  readonly leave: "end" | "reset" | "wait";
  /** Leaves before there is an answer. */
  readonly hasty: boolean;
}

export function oddSession(random: Random): Session {
  const chosen = random.below(100_000);
  const way = pick(random, WAYS);
  const commands = `stdout=1&stdin=${pick(random, ["1", "0", "x"])}&tty=${pick(random, ["1", "0"])}&stderr=1`;
  // What is attached has no words of its own: the kubelet sees the one number of the streams.
  const [target, isCommand, number] = pick<readonly [string, boolean, number]>(random, [
    [`pods/pod/exec?${commands}&command=n${chosen}n`, true, chosen],
    [`pods/pod/exec?${commands}&command=${"x".repeat(500)}%00&command=n${chosen}n`, true, chosen],
    [`pods/pod/attach?${commands}&container=web`, true, 1],
    [`pods/pod/portforward?ports=n${chosen}n`, false, chosen],
    [`pods/pod/portforward?ports=x&ports=n${chosen}n`, false, chosen],
  ]);
  const method = pick(random, ["GET", "POST", "GET", "POST", "PUT"]);
  const proxied = random.next() < 0.1;
  const path = proxied ? `/api/v1/nodes/broken/proxy/${number}` : `/api/v1/namespaces/${STREAMS}/${target}`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer attacker\r\nConnection: Upgrade\r\n${way.upgrade}\r\n`;
  return {
    over: "upgrade",
    what: `${method} ${path} ${way.upgrade.replaceAll("\r\n", " ")}`,
    number,
    head,
    bridged: way.bridged === true && isCommand && !proxied,
    early: random.next() < 0.15 ? way.frames(random) : undefined,
    pieces: Array.from({ length: random.below(7) }, () => way.frames(random)),
    leave: pick(random, ["end", "reset", "wait"]),
    hasty: random.next() < 0.08,
  };
}

const HEAD_END = "\r\n\r\n";
/** The first byte of a WebSocket's closing frame: it is for the client to hang up then. */
const CLOSING = 0x88;
const LINGER_TURNS = 20;

/** Why this went as it must not; undefined where it went well. */
export async function runSession(
  session: Session,
  port: number,
  authority: string,
): Promise<string | undefined> {
  const connection = await Connection.open(port, authority, "http/1.1");
  try {
    connection.write(session.head, ...(session.early ? [session.early] : []));
    if (session.hasty) return void (await tick(session.number % 9));
    const ends = endsByItself(session.number);
    const answered = await connection.until((received) => received.includes(HEAD_END), ends ? undefined : 50);
    if (!answered) return ends ? "no answer" : undefined;
    const text = connection.received.toString("latin1");
    const status = Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(text)?.[1] ?? 0);
    if (status !== 101) {
      if (status === 500) await connection.until(() => false);
      const whole = connection.received.toString("latin1");
      return status === 500 && !DOCUMENTED.test(whole) ? `500: ${whole.slice(0, 900)}` : undefined;
    }
    for (const piece of session.pieces) {
      connection.write(piece);
      // oxlint-disable-next-line no-await-in-loop -- so that pieces arrive for themselves
      await tick();
    }
    if (session.leave === "end") connection.socket.end();
    if (session.leave === "reset") return void connection.reset();
    if (!ends && !(session.bridged && endsStreams(session.number))) return void (await tick(LINGER_TURNS));
    const head = text.indexOf(HEAD_END) + HEAD_END.length;
    const over = await connection.until((received) => received.subarray(head).includes(CLOSING));
    return over ? undefined : `still open though the kubelet has left: ${text.slice(0, 200)}`;
  } finally {
    connection.close();
  }
}
