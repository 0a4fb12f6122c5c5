/** Secrets encrypted in the store by the real kubectl's writes: keys rotated, the server killed, requests on record. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemRandom } from "#base/random";
import { openEtcdStore } from "#store/etcd/etcd-store";
import { type Etcd, startEtcd } from "../tools/etcd.ts";
import { clientBinary } from "../tools/client-binaries.ts";
import { eventually } from "../tools/eventually.ts";
import { output } from "../tools/run.ts";
import { ServerProcess } from "../tools/server-process.ts";

const PASSWORD = "correct-horse-battery";
const KEY = "/registry/secrets/default/one";
const POLICY = `{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Metadata, resources: [{resources: [secrets]}]}]}`;

const keyOf = (name: string) =>
  `{name: ${name}, secret: "${Buffer.from(systemRandom.bytes(32)).toString("base64")}"}`;
const configuration = (...providers: readonly string[]) => `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
${providers.map((provider) => `  - ${provider}\n`).join("")}`;

for (const engine of ["disk", "etcd"] as const) {
  describe(`encryption at rest on ${engine}`, () => {
    const dir = mkdtempSync(join(tmpdir(), "k8ts-rest-"));
    const file = join(dir, "encryption.yaml");
    const log = join(dir, "audit.log");
    let etcd: Etcd | undefined;
    let server: ServerProcess;
    const kubectl = (words: string, input?: string) =>
      output(clientBinary("kubectl"), [`--kubeconfig=${server.kubeconfig}`, ...words.split(" ")], {
        input: input ?? "",
      });
    const write = (text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    before(async () => {
      if (engine === "etcd") etcd = await startEtcd();
      write(configuration("identity: {}"));
      writeFileSync(join(dir, "policy.yaml"), POLICY);
      server = await ServerProcess.start({
        dir,
        store: etcd ? `etcd://${etcd.endpoint}` : "disk",
        advertised: "192.0.2.1",
        flags: [
          `--encryption-provider-config=${file}`,
          "--encryption-provider-config-automatic-reload",
          `--audit-policy-file=${join(dir, "policy.yaml")}`,
          `--audit-log-path=${log}`,
        ],
      });
    });
    after(async () => {
      await server?.end();
      await etcd?.stop();
      rmSync(dir, { recursive: true });
    });

    /** What the store's own files hold now; of etcd its value. */
    const stored = async (): Promise<string> => {
      if (!etcd) return "";
      const store = await openEtcdStore({ endpoints: [etcd.endpoint] });
      const { entry } = await store.get(KEY);
      await store.close();
      return Buffer.from(entry?.value ?? []).toString("latin1");
    };

    const [one, two] = [keyOf("one"), keyOf("two")];
    const steps: readonly [string, string, string][] = [
      [
        "turned on",
        configuration(`secretbox: {keys: [${one}]}`, "identity: {}"),
        "k8s:enc:secretbox:v1:one:",
      ],
      ["with another key", configuration(`secretbox: {keys: [${two}, ${one}]}`), "k8s:enc:secretbox:v1:two:"],
      [
        "with another cipher",
        configuration(`aesgcm: {keys: [${one}]}`, `secretbox: {keys: [${two}]}`),
        "k8s:enc:aesgcm:v1:one:",
      ],
    ];

    it("secrets are written plainly first", async () => {
      await kubectl(`create secret generic one --from-literal=password=${PASSWORD}`);
      if (etcd) assert.match(await stored(), /^\{"kind":"Secret"/);
    });

    for (const [what, text, prefix] of steps) {
      it(`${what}: get and replace of all secrets encrypts them anew`, async () => {
        write(text);
        const hashes = "apiserver_encryption_config_controller_automatic_reloads_total";
        const count = steps.findIndex(([name]) => name === what) + 1;
        await eventually(async () =>
          assert.match(
            await kubectl("get --raw /metrics"),
            new RegExp(`${hashes}\\{status="success"\\} ${count}`),
          ),
        );
        const all = await kubectl("get secrets -A -o json");
        assert.match(await kubectl("replace -f -", all), /secret\/one replaced/);
        if (etcd) assert.ok((await stored()).startsWith(prefix), await stored());
        const data = await kubectl("get secret one -o jsonpath={.data.password}");
        assert.equal(Buffer.from(data, "base64").toString(), PASSWORD);
      });
    }

    it("after a kill everything is read again", async () => {
      await server.end("SIGKILL");
      await server.start();
      const data = await kubectl("get secret one -o jsonpath={.data.password}");
      assert.equal(Buffer.from(data, "base64").toString(), PASSWORD);
      assert.match(await kubectl("get --raw /readyz"), /^ok/);
    });

    it("new secrets are nowhere on disk, and writes are on record without them", async () => {
      const hidden = "only-ever-encrypted";
      await kubectl(`create secret generic two --from-literal=password=${hidden}`);
      await server.end("SIGTERM");
      const encoded = Buffer.from(hidden).toString("base64");
      const folder = join(dir, "default", "store");
      for (const name of etcd ? [] : readdirSync(folder)) {
        const bytes = readFileSync(join(folder, name));
        assert.ok(!bytes.includes(hidden) && !bytes.includes(encoded), name);
      }
      const lines = readFileSync(log, "utf8");
      assert.ok(!lines.includes(encoded));
      const events = lines
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { verb: string; objectRef?: { name?: string } });
      assert.ok(events.some(({ verb, objectRef }) => verb === "create" && objectRef?.name === "two"));
      assert.ok(events.some(({ verb, objectRef }) => verb === "update" && objectRef?.name === "one"));
    });
  });
}
