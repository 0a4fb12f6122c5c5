/** An etcd that lets only those in who have a certificate, and one of several members that goes away. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Namespace } from "#api/core-v1/namespace";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { CertificateAuthority } from "#cluster/certificates/authority";
import { Client } from "#client/client";
import { openStore, parseStoreLocation } from "#cluster/store-location";
import { type Etcd, startEtcd } from "../tools/etcd.ts";
import { ServerProcess, transportTo } from "../tools/server-process.ts";

const DAY_MS = 86_400_000;

describe("an etcd with certificates", () => {
  const dir = mkdtempSync(join(tmpdir(), "k8ts-tls-"));
  const at = (name: string): string => join(dir, name);
  let etcd: Etcd;
  let location: string;
  const open = (given: string) =>
    openStore(parseStoreLocation(given), { directory: dir, clock: systemClock, random: systemRandom });

  before(async () => {
    const now = systemClock.now();
    const pair = CertificateAuthority.create({ commonName: "etcd" }, now, systemRandom);
    const authority = new CertificateAuthority(pair, systemRandom);
    writeFileSync(at("ca.crt"), authority.certificate);
    for (const name of ["server", "client"] as const) {
      const { certificate, key } = authority.issue(
        {
          subject: { commonName: name },
          ...(name === "server" ? { names: { dns: [], addresses: ["127.0.0.1"] } } : {}),
          usages: ["digital signature", "key encipherment"],
          extendedUsages: [`${name} auth`],
          lifetimeMs: DAY_MS,
        },
        now,
      );
      writeFileSync(at(`${name}.crt`), certificate);
      writeFileSync(at(`${name}.key`), key, { mode: 0o600 });
    }
    const query = `?ca=${at("ca.crt")}&cert=${at("client.crt")}&key=${at("client.key")}`;
    mkdirSync(at("etcd"));
    etcd = await startEtcd({
      scheme: "https",
      directory: at("etcd"),
      flags: {
        "cert-file": at("server.crt"),
        "key-file": at("server.key"),
        "trusted-ca-file": at("ca.crt"),
        "client-cert-auth": "true",
      },
      answers: async (endpoint) => (await open(`etcd://${endpoint}${query}`)).close(),
    });
    location = `etcd://${etcd.endpoint}${query}`;
  });
  after(async () => {
    await etcd?.stop();
    rmSync(dir, { recursive: true });
  });

  it("refuses those who have none, in words", async () => {
    await assert.rejects(open(`etcd://${etcd.endpoint}?ca=${at("ca.crt")}`), /cannot be used/);
    await assert.rejects(open(`etcd://${etcd.endpoint}`), /cannot be used/);
  });

  it("serves a control plane that has one, also when the first of its members is gone", async () => {
    const away = location.replace("etcd://", "etcd://127.0.0.1:1,");
    const server = await ServerProcess.start({ dir: at("server"), store: away, advertised: "192.0.2.1" });
    try {
      const transport = transportTo(server);
      const { status } = await new Client(transport).get(Namespace, { name: "default" });
      assert.equal(status?.phase, "Active");
      transport.close();
    } finally {
      await server.end("SIGTERM");
    }
  });
});
