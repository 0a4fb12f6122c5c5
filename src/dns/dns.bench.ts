/**
 * Questions answered per second, and what one costs the server's thread. The load comes from another thread, which
 * keeps a window of questions on their way; every answer is counted and lost ones are told.
 * Run: node src/dns/dns.bench.ts [seconds]
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { ObjectFeed } from "#testing/object-feed";
import { startDns } from "./dns.ts";
import { encodeName } from "./wire/records.ts";

const SERVICES = 10_000;
const WINDOW = 200;

interface Load {
  readonly port: number;
  readonly seconds: number;
  readonly missing: boolean;
}

if (isMainThread) await main(Number(process.argv[2] ?? 3));
else await load(workerData as Load);

async function main(seconds: number): Promise<void> {
  const scope = new Scope();
  const feed = new ObjectFeed();
  feed.set(Namespace, { metadata: { name: "ns" } } as never);
  for (let index = 0; index < SERVICES; index++) {
    const spec = { type: "ClusterIP", clusterIP: `10.96.${index >> 8}.${index & 255}`, ports: [] };
    feed.set(Service, { metadata: { namespace: "ns", name: `web-${index}` }, spec } as never);
  }
  const dns = await startDns({
    informers: feed.informers(scope),
    listen: [{ address: "127.0.0.1", port: 0 }],
    upstreams: [],
    clusterDomain: "cluster.local",
    serviceIPs: [],
    clock: systemClock,
    random: seededRandom(1),
    scope,
  });
  for (const missing of [false, true]) {
    const before = process.threadCpuUsage();
    const began = systemClock.monotonic();
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { port: dns.addresses[0]!.port, seconds, missing },
    });
    const [{ answered, lost }] = (await once(worker, "message")) as [{ answered: number; lost: number }];
    const elapsed = (systemClock.monotonic() - began) / 1_000;
    const { user, system } = process.threadCpuUsage(before);
    process.stdout.write(
      `${missing ? "NXDOMAIN" : `A of ${SERVICES} services`}: ${Math.round(answered / elapsed)} answers/s, ` +
        `${((user + system) / answered).toFixed(1)} us of the server's thread each (${Math.round(1e6 / ((user + system) / answered))}/s on a core of its own), ${lost} lost\n`,
    );
  }
  await scope.close();
}

async function load({ port, seconds, missing }: Load): Promise<void> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
  const questions = Array.from({ length: 1_000 }, (_, index) =>
    question(`${missing ? "no" : "web"}-${(index * 7) % SERVICES}.ns.svc.cluster.local`),
  );
  let sent = 0;
  let answered = 0;
  const send = (): void => {
    socket.send(questions[sent++ % questions.length]!);
  };
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const endsAt = systemClock.monotonic() + seconds * 1_000;
  socket.on("message", () => {
    answered++;
    if (systemClock.monotonic() < endsAt) send();
  });
  for (let count = 0; count < WINDOW; count++) send();
  await new Promise<void>((resolve) => void setTimeout(resolve, seconds * 1_000 + 200));
  socket.close();
  parentPort!.postMessage({ answered, lost: sent - answered });
}

function question(name: string): Buffer {
  const encoded = encodeName(name);
  const packet = Buffer.alloc(16 + encoded.length);
  packet.writeUInt16BE(0x0100, 2);
  packet.writeUInt16BE(1, 4);
  encoded.copy(packet, 12);
  packet.writeUInt16BE(1, 12 + encoded.length);
  packet.writeUInt16BE(1, 14 + encoded.length);
  return packet;
}
