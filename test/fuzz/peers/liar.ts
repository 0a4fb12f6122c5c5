/**
 * An HTTPS server that the API server believes: admission, conversion, token and access webhooks, issuers of tokens,
 * an extension server's documents, a collector of audit events. It reads what it is asked and answers it well, nearly
 * well or not at all. A number in the question, `n7n`, decides; without one, that in its URL and how often it was asked.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Random, seededRandom } from "#base/random";
import { type Asked, HONEST } from "./honest.ts";
import { pick } from "../requests/choices.ts";
import { ODD_JSON, brokenText, jsonOf, mutated } from "../requests/odd-values.ts";

/** Longer than what waits for it here has patience for. */
const LATE_MS = 1_500;
const HUGE_BYTES = 9 * 1024 * 1024;

export interface Liar {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
  close(): void;
}

interface Said {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

type Lie = (random: Random, honest: unknown, response: ServerResponse) => Said | undefined;

const said = (body: string, code = 200, type = "application/json"): Said => ({ code, type, body });

/** As it should be. */
const well: Lie = (_random, honest) => said(JSON.stringify(honest));

/** Where nothing is given back, the answer has been seen to. */
const LIES: readonly Lie[] = [
  (random) => said(pick(random, ODD_JSON)),
  (random, honest) => said(brokenText(jsonOf(honest, random), random).slice(0, -1 - random.below(9))),
  (_random, honest) => said(JSON.stringify(honest), 201),
  (_random, honest) => said(JSON.stringify(honest), 299, "text/html; charset=utf-16"),
  (_random, honest) => said(JSON.stringify([honest])),
  (_random, honest) => said(`${JSON.stringify(honest)}${JSON.stringify(honest)}`),
  (_random, honest) => said(`\ufeff${JSON.stringify(honest)}`),
  (_random, honest) => said(Buffer.from(JSON.stringify(honest), "utf16le").toString("latin1")),
  (_random, honest) => said(`${" ".repeat(HUGE_BYTES)}${JSON.stringify(honest)}`),
  () => said(`{"a":"${"x".repeat(HUGE_BYTES)}"}`),
  () => said("[".repeat(500_000)),
  () => said("", 204),
  () => said("no", 400, "text/plain"),
  () => said('{"kind":"Status","code":200,"message":{}}', 403),
  () => said("", 301),
  (_random, honest, response) => {
    response.writeHead(302, { location: "/admit/1" }).end(JSON.stringify(honest));
    return undefined;
  },
  (_random, honest, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(JSON.stringify(honest));
    return undefined;
  },
];

/** What is tried anew, and so takes its time: not often. */
const FAILURES: readonly Lie[] = [
  () => said("", 503),
  () => said("\u0000", 500),
  () => said("later", 429, "text/plain"),
  (_random, _honest, response) => void response.socket?.destroy(),
  (_random, honest, response) => {
    response.writeHead(200, { "content-length": 100_000 }).write(JSON.stringify(honest));
    response.socket?.end();
    return undefined;
  },
  (_random, honest, response) => {
    response.writeHead(200, { "transfer-encoding": "chunked" }).write(JSON.stringify(honest).slice(0, 20));
    response.socket?.write("zz\r\n");
    return undefined;
  },
  (_random, honest, response) => {
    setTimeout(() => response.end(JSON.stringify(honest)), LATE_MS).unref();
    return undefined;
  },
];

/** Nearly well: in one place or another something else stands. */
const distorted: Lie = (random, honest) => said(jsonOf(mutated(honest, random, 1 + random.below(3)), random));

function lieOf(random: Random): Lie {
  const share = random.next();
  if (share < 0.25) return well;
  if (share < 0.75) return distorted;
  return pick(random, share < 0.93 ? LIES : FAILURES);
}

/** Tokens that nobody made up are unknown, and some issuers keep their word. */
const isTrusted = (role: string, url: string, isChosen: boolean): boolean =>
  (role === "token" && !isChosen) || /^\/issuer\/[01]\//.test(url);

const NUMBER = /n([0-9]{1,9})n/;

function parsed(text: string): Asked["review"] {
  try {
    return JSON.parse(text) as Asked["review"];
  } catch {
    return {};
  }
}

export async function startLiar(serving: {
  readonly certificate: string;
  readonly key: string;
}): Promise<Liar> {
  let times = 0;
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
    const text = Buffer.concat(chunks).toString();
    const url = incoming.url ?? "/";
    const role = url.split(/[/?]/)[1] ?? "";
    const chosen = NUMBER.exec(text) ?? NUMBER.exec(url);
    const number = chosen ? Number(chosen[1]) : Number(/[0-9]+/.exec(url)?.[0] ?? 0) + 7919 * times++;
    const random = seededRandom(number);
    const honest = (HONEST[role] ?? HONEST["document"]!)({
      url,
      host: incoming.headers.host ?? "",
      review: parsed(text),
      random,
    });
    const lie = isTrusted(role, url, chosen !== null) ? well : lieOf(random);
    const made = lie(random, honest, response);
    if (made) response.writeHead(made.code, { "content-type": made.type }).end(made.body);
  };
  const server = createServer({ cert: serving.certificate, key: serving.key }, (incoming, response) => {
    // Who asks may leave at any time.
    answer(
      incoming,
      response.on("error", () => undefined),
    ).catch(() => incoming.destroy());
  });
  const open = new Set<object>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return open.size;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
