import { deepEqual, equal, ok } from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { ObjectFeed } from "#testing/object-feed";
import { type Dns, startDns, upstreamsOf } from "./dns.ts";
import { encodeName } from "./wire/records.ts";
import { TYPE } from "./wire/types.ts";

describe("cluster DNS", () => {
  const scope = new Scope();
  const feed = new ObjectFeed();
  const clock = new VirtualClock();
  let dns: Dns;
  let upstream: FakeUpstream;

  before(async () => {
    upstream = new FakeUpstream();
    fill();
    dns = await startDns({
      informers: feed.informers(scope),
      listen: [{ address: "127.0.0.1", port: 0 }],
      upstreams: [await upstream.start()],
      clusterDomain: "cluster.local",
      serviceIPs: ["10.96.0.10"],
      clock,
      random: seededRandom(7),
      scope,
    });
  });

  after(async () => {
    await scope.close();
    upstream.close();
  });

  function service(name: string, spec: object): void {
    const base = { type: "ClusterIP", sessionAffinity: "None" };
    feed.set(Service, {
      metadata: { namespace: "ns", name },
      spec: { ...base, ...spec },
      status: { loadBalancer: {} },
    } as never);
  }

  function endpoints(
    name: string,
    list: readonly object[],
    ports: readonly object[] = [],
    addressType = "IPv4",
  ): void {
    feed.set(EndpointSlice, {
      metadata: {
        namespace: "ns",
        name: `${name}-${addressType}`,
        labels: { "kubernetes.io/service-name": name },
      },
      addressType,
      ports,
      endpoints: list,
    } as never);
  }

  function fill(): void {
    feed.set(Namespace, { metadata: { name: "ns" } } as never);
    service("web", {
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1", "fd00:96::1"],
      ports: [
        { name: "http", protocol: "TCP", port: 80 },
        { name: "dns", protocol: "UDP", port: 53 },
      ],
    });
    service("db", {
      clusterIP: "None",
      clusterIPs: ["None"],
      ports: [{ name: "pg", protocol: "TCP", port: 5432 }],
    });
    endpoints(
      "db",
      [
        { addresses: ["10.244.1.2"], conditions: { ready: true }, hostname: "db-0" },
        { addresses: ["10.244.2.3"], conditions: {}, hostname: "db-1" },
        { addresses: ["10.244.3.4"], conditions: { ready: false } },
        { addresses: ["10.244.3.5"], conditions: { ready: true } },
      ],
      [{ name: "pg", protocol: "TCP", port: 5432 }],
    );
    endpoints(
      "db",
      [{ addresses: ["fd00:244::5"], conditions: { ready: true }, hostname: "db-0" }],
      [],
      "IPv6",
    );
    service("idle", { clusterIP: "None", clusterIPs: ["None"] });
    service("far", { type: "ExternalName", externalName: "Example.COM." });
    service("near", { type: "ExternalName", externalName: "web.ns.svc.cluster.local" });
    service("round", { type: "ExternalName", externalName: "round.ns.svc.cluster.local" });
    service("big", { clusterIP: "None", clusterIPs: ["None"] });
    const many = Array.from({ length: 120 }, (_, index) => ({
      addresses: [`10.244.9.${index + 1}`],
      conditions: {},
    }));
    endpoints("big", many);
  }

  const ask = (name: string, type: number, options: AskOptions = {}) =>
    askUdp(dns.addresses[0]!.port, name, type, options);

  test("names of the cluster", async () => {
    const cases: readonly [string, number, readonly string[] | "NXDOMAIN"][] = [
      ["web.ns.svc.cluster.local", TYPE.A, ["A 10.96.0.1"]],
      ["WEB.ns.SVC.cluster.local", TYPE.A, ["A 10.96.0.1"]],
      ["web.ns.svc.cluster.local", TYPE.AAAA, ["AAAA fd00:96::1"]],
      ["web.ns.svc.cluster.local", TYPE.TXT, []],
      ["_http._tcp.web.ns.svc.cluster.local", TYPE.SRV, ["SRV 0 100 80 web.ns.svc.cluster.local"]],
      ["_dns._udp.web.ns.svc.cluster.local", TYPE.SRV, ["SRV 0 100 53 web.ns.svc.cluster.local"]],
      ["_http._udp.web.ns.svc.cluster.local", TYPE.SRV, "NXDOMAIN"],
      ["_http._tcp.web.ns.svc.cluster.local", TYPE.A, []],
      ["_tcp.web.ns.svc.cluster.local", TYPE.A, []],
      ["nobody.ns.svc.cluster.local", TYPE.A, "NXDOMAIN"],
      ["web.other.svc.cluster.local", TYPE.A, "NXDOMAIN"],
      ["ns.svc.cluster.local", TYPE.A, []],
      ["other.svc.cluster.local", TYPE.A, "NXDOMAIN"],
      ["svc.cluster.local", TYPE.A, []],
      ["cluster.local", TYPE.A, []],
      ["example.com.ns.svc.cluster.local", TYPE.A, "NXDOMAIN"],
      ["a.b.c.d.web.ns.svc.cluster.local", TYPE.A, "NXDOMAIN"],
      ["db.ns.svc.cluster.local", TYPE.A, ["A 10.244.1.2", "A 10.244.2.3", "A 10.244.3.5"]],
      ["db.ns.svc.cluster.local", TYPE.AAAA, ["AAAA fd00:244::5"]],
      ["db-1.db.ns.svc.cluster.local", TYPE.A, ["A 10.244.2.3"]],
      ["db-0.db.ns.svc.cluster.local", TYPE.AAAA, ["AAAA fd00:244::5"]],
      ["10-244-3-5.db.ns.svc.cluster.local", TYPE.A, ["A 10.244.3.5"]],
      ["db-9.db.ns.svc.cluster.local", TYPE.A, "NXDOMAIN"],
      [
        "_pg._tcp.db.ns.svc.cluster.local",
        TYPE.SRV,
        [
          "SRV 0 33 5432 10-244-3-5.db.ns.svc.cluster.local",
          "SRV 0 33 5432 db-0.db.ns.svc.cluster.local",
          "SRV 0 33 5432 db-1.db.ns.svc.cluster.local",
        ],
      ],
      ["idle.ns.svc.cluster.local", TYPE.A, []],
      ["10-244-7-7.ns.pod.cluster.local", TYPE.A, ["A 10.244.7.7"]],
      ["fd00-244--7.ns.pod.cluster.local", TYPE.AAAA, ["AAAA fd00:244::7"]],
      ["10-244-7-7.other.pod.cluster.local", TYPE.A, "NXDOMAIN"],
      ["hello.ns.pod.cluster.local", TYPE.A, "NXDOMAIN"],
      ["dns-version.cluster.local", TYPE.TXT, ["TXT 1.1.0"]],
      ["ns.dns.cluster.local", TYPE.A, ["A 10.96.0.10"]],
      ["cluster.local", TYPE.NS, ["NS ns.dns.cluster.local"]],
      ["1.0.96.10.in-addr.arpa", TYPE.PTR, ["PTR web.ns.svc.cluster.local"]],
      ["2.1.244.10.in-addr.arpa", TYPE.PTR, ["PTR db-0.db.ns.svc.cluster.local"]],
      [
        `${"0.".repeat(3)}`.replace(/^.*$/, () => `${nibbles("fd00:96::1")}.ip6.arpa`),
        TYPE.PTR,
        ["PTR web.ns.svc.cluster.local"],
      ],
    ];
    for (const [name, type, expected] of cases) {
      const { rcode, answers, authoritative, authority } = await ask(name, type);
      equal(rcode, expected === "NXDOMAIN" ? 3 : 0, name);
      deepEqual(answers.map(({ text }) => text).sort(), expected === "NXDOMAIN" ? [] : expected, name);
      ok(authoritative, name);
      const denied = expected === "NXDOMAIN" || expected.length === 0;
      deepEqual(
        authority.map(({ text, ttl }) => [text, ttl]),
        denied ? [["SOA", 5]] : [],
        name,
      );
      for (const { ttl } of answers) equal(ttl, 30, name);
    }
  });

  test("answers follow the cluster's state", async () => {
    service("late", { clusterIP: "10.96.0.77" });
    await feed.delivered();
    deepEqual(texts(await ask("late.ns.svc.cluster.local", TYPE.A)), ["A 10.96.0.77"]);
    service("late", { clusterIP: "10.96.0.78" });
    await feed.delivered();
    deepEqual(texts(await ask("late.ns.svc.cluster.local", TYPE.A)), ["A 10.96.0.78"]);
    feed.delete(Service, "ns/late");
    await feed.delivered();
    equal((await ask("late.ns.svc.cluster.local", TYPE.A)).rcode, 3);
    service("late", { clusterIP: "None", clusterIPs: ["None"] });
    endpoints("late", [{ addresses: ["10.244.0.8"], conditions: {} }]);
    await feed.delivered();
    deepEqual(texts(await ask("late.ns.svc.cluster.local", TYPE.A)), ["A 10.244.0.8"]);
    endpoints("late", [{ addresses: ["10.244.0.9"], conditions: {} }]);
    await feed.delivered();
    deepEqual(texts(await ask("late.ns.svc.cluster.local", TYPE.A)), ["A 10.244.0.9"]);
  });

  test("every endpoint comes first at some time", async () => {
    const first = new Set<string>();
    for (let count = 0; count < 12; count++)
      first.add(texts(await ask("db.ns.svc.cluster.local", TYPE.A))[0]!);
    equal(first.size, 3);
  });

  test("an alias brings what it leads to", async () => {
    upstream.answers.set("example.com", ["192.0.2.44"]);
    deepEqual(texts(await ask("far.ns.svc.cluster.local", TYPE.A)), ["CNAME example.com", "A 192.0.2.44"]);
    deepEqual(texts(await ask("near.ns.svc.cluster.local", TYPE.A)), [
      "CNAME web.ns.svc.cluster.local",
      "A 10.96.0.1",
    ]);
    deepEqual(texts(await ask("far.ns.svc.cluster.local", TYPE.CNAME)), ["CNAME example.com"]);
    deepEqual(texts(await ask("round.ns.svc.cluster.local", TYPE.A)), ["CNAME round.ns.svc.cluster.local"]);
  });

  test("other names are asked for once as long as they last", async () => {
    upstream.answers.set("www.example.org", ["192.0.2.1", "192.0.2.2"]);
    const together = await Promise.all([1, 2, 3].map(() => ask("www.example.org", TYPE.A)));
    for (const answer of together) deepEqual(texts(answer), ["A 192.0.2.1", "A 192.0.2.2"]);
    equal(upstream.asked.get("www.example.org"), 1);
    equal(together[0]!.answers[0]!.ttl, 60);
    await clock.advance(25_000);
    const aged = await ask("www.example.org", TYPE.A);
    equal(aged.answers[0]!.ttl, 35);
    equal(upstream.asked.get("www.example.org"), 1);
    await clock.advance(36_000);
    await ask("www.example.org", TYPE.A);
    equal(upstream.asked.get("www.example.org"), 2);
    equal((await ask("missing.example.org", TYPE.A)).rcode, 3);
    equal((await ask("missing.example.org", TYPE.A)).rcode, 3);
    equal(upstream.asked.get("missing.example.org"), 1);
  });

  test("what does not fit is cut, and whole over TCP", async () => {
    const plain = await ask("big.ns.svc.cluster.local", TYPE.A);
    ok(plain.truncated);
    ok(plain.bytes <= 512);
    const edns = await ask("big.ns.svc.cluster.local", TYPE.A, { ednsBytes: 4_096 });
    ok(edns.truncated);
    ok(edns.bytes <= 1_232 && edns.answers.length > plain.answers.length);
    const whole = await askTcp(
      dns.addresses[0]!.port,
      ["big.ns.svc.cluster.local", "web.ns.svc.cluster.local"],
      TYPE.A,
    );
    equal(whole[0]!.answers.length, 120);
    ok(!whole[0]!.truncated);
    deepEqual(texts(whole[1]!), ["A 10.96.0.1"]);
  });

  test("bad packets get the code they deserve, and the server lives on", async () => {
    const good = question("web.ns.svc.cluster.local", TYPE.A, {});
    const port = dns.addresses[0]!.port;
    const changed = (change: (packet: Buffer) => void): Buffer => {
      const packet = Buffer.from(good);
      change(packet);
      return packet;
    };
    equal((await exchange(port, good.subarray(0, 20))).rcode, 1);
    equal(
      (
        await exchange(
          port,
          changed((packet) => packet.writeUInt16BE(2, 4)),
        )
      ).rcode,
      1,
    );
    equal(
      (
        await exchange(
          port,
          changed((packet) => (packet[12] = 0xc0)),
        )
      ).rcode,
      1,
    );
    equal(
      (
        await exchange(
          port,
          changed((packet) => (packet[2] = 0x28)),
        )
      ).rcode,
      4,
    );
    equal(
      (
        await exchange(
          port,
          changed((packet) => packet.writeUInt16BE(3, packet.length - 2)),
        )
      ).rcode,
      5,
    );
    const version1 = question("web.ns.svc.cluster.local", TYPE.A, { ednsBytes: 1_232 });
    version1[version1.length - 5] = 1;
    const refused = await exchange(port, version1);
    equal(refused.rcode, 0);
    equal(refused.extendedRcode, 1);
    // Answers and stumps are not answered at all; the next question is.
    const socket = createSocket("udp4");
    for (const packet of [Buffer.alloc(0), Buffer.from([1]), changed((packet) => (packet[2] = 0x80))])
      socket.send(packet, port, "127.0.0.1");
    deepEqual(texts(await ask("web.ns.svc.cluster.local", TYPE.A)), ["A 10.96.0.1"]);
    socket.close();
  });

  test("upstreams come from resolv.conf, without ourselves", () => {
    const text =
      "# a\nsearch x\nnameserver 10.96.0.10\nnameserver 192.0.2.53\nnameserver  fd00::53\nnameserver bad\n";
    deepEqual(upstreamsOf(text, ["10.96.0.10"]), [
      { address: "192.0.2.53", port: 53 },
      { address: "fd00::53", port: 53 },
    ]);
  });
});

const nibbles = (address: string): string => {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => group.padStart(4, "0"));
  const all = [
    ...groups(head),
    ...Array<string>(8 - groups(head).length - groups(tail).length).fill("0000"),
    ...groups(tail),
  ];
  return [...all.join("")].toReversed().join(".");
};

interface AskOptions {
  readonly ednsBytes?: number;
}

interface Reply {
  readonly rcode: number;
  readonly extendedRcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly bytes: number;
  readonly answers: readonly { readonly text: string; readonly ttl: number }[];
  readonly authority: readonly { readonly text: string; readonly ttl: number }[];
}

const texts = ({ answers }: Reply): readonly string[] => answers.map(({ text }) => text);

function question(name: string, type: number, { ednsBytes }: AskOptions): Buffer {
  const encoded = encodeName(name);
  const packet = Buffer.alloc(12 + encoded.length + 4 + (ednsBytes ? 11 : 0));
  packet.writeUInt16BE(0x1234, 0);
  packet.writeUInt16BE(0x0100, 2);
  packet.writeUInt16BE(1, 4);
  encoded.copy(packet, 12);
  packet.writeUInt16BE(type, 12 + encoded.length);
  packet.writeUInt16BE(1, 14 + encoded.length);
  if (ednsBytes) {
    packet.writeUInt16BE(1, 10);
    packet.writeUInt16BE(41, 17 + encoded.length);
    packet.writeUInt16BE(ednsBytes, 19 + encoded.length);
  }
  return packet;
}

const askUdp = (port: number, name: string, type: number, options: AskOptions): Promise<Reply> =>
  exchange(port, question(name, type, options));

async function exchange(port: number, packet: Buffer): Promise<Reply> {
  const socket = createSocket("udp4");
  socket.send(packet, port, "127.0.0.1");
  const [reply] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return read(reply);
}

async function askTcp(port: number, names: readonly string[], type: number): Promise<readonly Reply[]> {
  const socket = connect(port, "127.0.0.1");
  for (const name of names) {
    const packet = question(name, type, {});
    socket.write(Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 255]), packet]));
  }
  const replies: Reply[] = [];
  let got = Buffer.alloc(0);
  for await (const bytes of socket) {
    got = Buffer.concat([got, bytes as Buffer]);
    while (got.length >= 2 && got.length >= got.readUInt16BE(0) + 2) {
      replies.push(read(got.subarray(2, got.readUInt16BE(0) + 2)));
      got = got.subarray(got.readUInt16BE(0) + 2);
    }
    if (replies.length === names.length) break;
  }
  return replies;
}

const TYPE_NAMES = new Map(Object.entries(TYPE).map(([name, number]) => [number as number, name]));

function read(packet: Buffer): Reply {
  const flags = packet.readUInt16BE(2);
  let at = 12;
  const name = (): string => {
    const labels: string[] = [];
    let jumped: number | undefined;
    for (;;) {
      const length = packet[at]!;
      if (length >= 0xc0) {
        jumped ??= at + 2;
        at = packet.readUInt16BE(at) & 0x3fff;
      } else if (length === 0) break;
      else {
        labels.push(packet.toString("latin1", at + 1, at + 1 + length));
        at += length + 1;
      }
    }
    at = jumped ?? at + 1;
    return labels.join(".");
  };
  for (let count = packet.readUInt16BE(4); count > 0; count--) {
    name();
    at += 4;
  }
  let extendedRcode = 0;
  const section = (count: number) =>
    Array.from({ length: count }, () => {
      name();
      const type = packet.readUInt16BE(at);
      const ttl = packet.readUInt32BE(at + 4);
      const end = at + 10 + packet.readUInt16BE(at + 8);
      at += 10;
      if (type === TYPE.OPT) extendedRcode = ttl >>> 24;
      const text = `${TYPE_NAMES.get(type)} ${data(type, end)}`.trim();
      at = end;
      return { text, ttl };
    });
  const data = (type: number, end: number): string => {
    if (type === TYPE.A) return packet.subarray(at, end).join(".");
    if (type === TYPE.AAAA) {
      const hex = packet.toString("hex", at, end);
      return new URL(`http://[${hex.replace(/.{4}(?=.)/g, "$&:")}]`).hostname.slice(1, -1);
    }
    if (type === TYPE.TXT) return packet.toString("latin1", at + 1, end);
    if (type === TYPE.SRV) {
      const numbers = [0, 2, 4].map((offset) => packet.readUInt16BE(at + offset)).join(" ");
      at += 6;
      return `${numbers} ${name()}`;
    }
    return type === TYPE.PTR || type === TYPE.CNAME || type === TYPE.NS ? name() : "";
  };
  const [answers, authority] = [section(packet.readUInt16BE(6)), section(packet.readUInt16BE(8))];
  section(packet.readUInt16BE(10));
  return {
    rcode: flags & 0xf,
    extendedRcode,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    bytes: packet.length,
    answers,
    authority,
  };
}

/** A server that knows a few names, counts questions, and denies the rest. */
class FakeUpstream {
  readonly answers = new Map<string, readonly string[]>();
  readonly asked = new Map<string, number>();
  readonly #socket = createSocket("udp4");

  async start(): Promise<{ address: string; port: number }> {
    this.#socket.on("message", (packet, { port, address }) =>
      this.#socket.send(this.#answer(packet), port, address),
    );
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    return { address: "127.0.0.1", port: this.#socket.address().port };
  }

  close(): void {
    this.#socket.close();
  }

  #answer(packet: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (; packet[at] !== 0; at += packet[at]! + 1)
      labels.push(packet.toString("latin1", at + 1, at + 1 + packet[at]!));
    const name = labels.join(".");
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    const found = this.answers.get(name) ?? [];
    const questionPart = Buffer.from(packet.subarray(0, at + 5));
    questionPart.writeUInt16BE(0x8180 | (found.length === 0 ? 3 : 0), 2);
    questionPart.writeUInt16BE(found.length, 6);
    questionPart.writeUInt16BE(found.length === 0 ? 1 : 0, 8);
    questionPart.writeUInt16BE(1, 10);
    const records = found.map((ip) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ip.split(".").map(Number)]),
    );
    const soa = Buffer.alloc(12 + 22);
    soa.set([0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0]);
    soa.writeUInt32BE(30, 30);
    const opt = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    return Buffer.concat([questionPart, ...(found.length === 0 ? [soa] : records), opt]);
  }
}
