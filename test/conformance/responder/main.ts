/**
 * A program for pods. It stands alone, as it is all that they get.
 *
 *     serve [http=PORT] [udp=PORT] [grpc=PORT] [ill-after=CHECKS]
 *     ask QUESTION URL    prints the answer, at `http://…` or `udp://…`, as soon as there is one
 *     silent URL          ends as soon as nobody answers there any more
 *
 * Over gRPC it says that it is well, or from some check on that it is not. Over the others it answers questions:
 * `hostname`, its own; `clientip`, where the question comes from; `checked`, once its health was asked for several times.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer, get, type IncomingMessage } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const WITHIN_MS = 30_000;
const ATTEMPT_MS = 1_000;
const PAUSE_MS = 100;
/** One question may be lost. */
const UNANSWERED_IN_A_ROW = 3;

const SERVING = 1;
const NOT_SERVING = 2;
const GRPC_OK = "0";
const GRPC_UNIMPLEMENTED = "12";

const SEVERAL_CHECKS = 5;

let illAfter = Infinity;
let checks = 0;

function answerTo(question: string, clientAddress: string): string | undefined {
  switch (question) {
    case "hostname":
      return hostname();
    case "clientip":
      return clientAddress.replace(/^::ffff:/, "");
    case "checked":
      return checks >= SEVERAL_CHECKS ? String(checks) : undefined;
    default:
      return undefined;
  }
}

const SERVES: Readonly<Record<string, (value: number) => void>> = {
  http: (port) =>
    void createHttpServer((request, response) => {
      const answer = answerTo(request.url!.slice(1), request.socket.remoteAddress!);
      if (answer === undefined) response.statusCode = 404;
      response.end(answer);
    }).listen(port),
  udp: (port) => {
    const socket = createSocket("udp4").bind(port);
    socket.on("message", (question, { address, port: from }) =>
      socket.send(answerTo(question.toString(), address) ?? "?", from, address),
    );
  },
  grpc: (port) => void createHttp2Server().on("stream", checkHealth).listen(port),
  "ill-after": (count) => {
    illAfter = count;
  },
};

/** `grpc.health.v1.Health/Check`, whatever the service: a message is a flag, its length, and here one field. */
function checkHealth(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): void {
  const isKnown = headers[":path"] === "/grpc.health.v1.Health/Check";
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () =>
    stream.sendTrailers({ "grpc-status": isKnown ? GRPC_OK : GRPC_UNIMPLEMENTED }),
  );
  // Who asks may go before the answer comes.
  stream.on("error", () => undefined);
  stream.resume().on("end", () => {
    if (!isKnown) return void stream.end();
    const health = checks++ < illAfter ? SERVING : NOT_SERVING;
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, health]));
  });
}

/** Undefined when none comes. */
function attempt(question: string, url: URL): Promise<string | undefined> {
  const asked = url.protocol === "udp:" ? overUdp(question, url) : overHttp(question, url);
  return asked.catch(() => undefined);
}

async function overHttp(question: string, url: URL): Promise<string> {
  const request = get(new URL(question, url), { agent: false, signal: AbortSignal.timeout(ATTEMPT_MS) });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error("it does not know");
  return Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString();
}

async function overUdp(question: string, { hostname: host, port }: URL): Promise<string> {
  const socket = createSocket("udp4");
  try {
    socket.send(question, Number(port), host);
    const [message] = await once(socket, "message", { signal: AbortSignal.timeout(ATTEMPT_MS) });
    return String(message);
  } finally {
    socket.close();
  }
}

async function ask(question: string, url: URL): Promise<void> {
  const end = Date.now() + WITHIN_MS;
  while (Date.now() < end) {
    const answer = await attempt(question, url);
    if (answer !== undefined) return console.log(answer);
    await sleep(PAUSE_MS);
  }
  throw new Error(`nobody answers at ${url}`);
}

async function untilSilent(url: URL): Promise<void> {
  const end = Date.now() + WITHIN_MS;
  let unanswered = 0;
  while (unanswered < UNANSWERED_IN_A_ROW) {
    if (Date.now() > end) throw new Error(`somebody still answers at ${url}`);
    unanswered = (await attempt("hostname", url)) === undefined ? unanswered + 1 : 0;
    await sleep(PAUSE_MS);
  }
}

const [command, ...words] = process.argv.slice(2);
if (command === "ask") await ask(words[0]!, new URL(words[1]!));
else if (command === "silent") await untilSilent(new URL(words[0]!));
else
  for (const word of words) {
    const [what, value] = word.split("=");
    SERVES[what!]!(Number(value));
  }
// As the first process of a container, it would not end by itself when it is told to.
process.once("SIGTERM", () => process.exit());
