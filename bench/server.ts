/**
 * A control plane in a process of its own, as the benchmarks measure it: everything that `k8ts server` runs beside the
 * node. Arguments: folder, port, and where the store is unless it is
 * embedded. Writes `pki/admin.crt` and `pki/admin.key` for the client, and says `ready`.
 */
import { join } from "node:path";
import { systemClock } from "#base/clock";
import { logger, jsonLines, setLogSink } from "#base/log";
import { giveBackMemoryOfStart } from "#base/node/spare-memory";
import { Scope } from "#base/scope";
import { CertificateStore } from "#cluster/certificates/certificate-store";
import { adminClient } from "#cluster/certificates/profiles";
import { startControlPlane } from "#cluster/control-plane";
import { parseServerFlags } from "#cluster/flags/server-flags";

const log = logger("bench");
setLogSink(jsonLines("error", systemClock.now, (line) => process.stderr.write(line)));

const [folder = "", port = "", store = ""] = process.argv.slice(2);
const scope = new Scope((error) => log.error("a part of the control plane failed", { error }));
const pkiDir = join(folder, "pki");
await startControlPlane({
  storeDir: join(folder, "store"),
  pkiDir,
  host: "127.0.0.1",
  // Of the range kept for benchmarks: only written down, nothing is sent there.
  address: "198.19.255.1",
  port: Number(port),
  podRange: "10.128.0.0/9",
  serviceRange: "10.96.0.0/16",
  clusterDomain: "cluster.local",
  flags: parseServerFlags(store === "" ? {} : { store: [store] }),
  scope,
});
const certificates = await CertificateStore.open(pkiDir, { clock: systemClock });
await certificates.pair(adminClient);
await certificates.close();
process.stdout.write("ready\n");
// As `k8ts server` does.
giveBackMemoryOfStart(systemClock, scope);
process.once("SIGTERM", () => void scope.close().then(() => process.exit(0)));
