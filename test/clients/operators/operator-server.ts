/** An API server alone, without nodes, and kubectl before it: all that the definitions of operators need. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { selfSigned } from "#apiserver/listening-harness";
import { startApiServer } from "#apiserver/server";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { formatYaml } from "#machinery/yaml";
import { openMemoryStore } from "#store/memory/memory-store";
import { clientBinary } from "../../tools/client-binaries.ts";
import { type Ran, run } from "../../tools/run.ts";
import type { Definition } from "./schema.ts";

/** What kubectl and the client read: a test says what it expects. */
// oxlint-disable-next-line typescript/no-explicit-any -- objects of every kind are looked at
export type Json = any;

export class OperatorServer {
  readonly config = new KubeConfig();
  readonly #folder: string;
  readonly #file: string;
  readonly #end: () => Promise<void>;

  private constructor(url: string, ca: string, end: () => Promise<void>) {
    this.#end = end;
    this.#folder = mkdtempSync(join(tmpdir(), "k8ts-test-"));
    this.#file = join(this.#folder, "config");
    const text = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      clusters: [{ name: "test", cluster: { server: url, "certificate-authority-data": btoa(ca) } }],
      users: [{ name: "test", user: { token: "any" } }],
    });
    writeFileSync(this.#file, text);
    this.config.loadFromString(text);
  }

  static async start(): Promise<OperatorServer> {
    const pair = await selfSigned();
    const store = openMemoryStore();
    const server = await startApiServer({
      store,
      clock: systemClock,
      random: systemRandom,
      rooms: () => ({
        authenticator: { authenticate: () => Promise.resolve({ name: "admin", groups: ["system:masters"] }) },
        authorizer: { authorize: () => ({ verdict: "allow", reason: "" }) },
        admission: [],
      }),
    });
    const { url } = await server.listen({ host: "127.0.0.1", port: 0, clientCa: pair.certificate, ...pair });
    return new OperatorServer(url, pair.certificate, async () => {
      await server.close();
      await store.close();
    });
  }

  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
    await this.#end();
  }

  /** Words that hold spaces come as a list. */
  ran(words: string | readonly string[], input?: string): Promise<Ran> {
    const args = typeof words === "string" ? words.split(" ") : words;
    const common = ["--kubeconfig", this.#file, "--cache-dir", join(this.#folder, "cache")];
    return run(clientBinary("kubectl"), [...common, ...args], input === undefined ? {} : { input });
  }

  /** What kubectl wrote; it must have succeeded. */
  async kubectl(words: string | readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.ran(words, input);
    assert.equal(code, 0, `kubectl ${String(words)}: ${stderr}${stdout}`);
    return stdout;
  }

  /** What kubectl complained of; it must have failed. */
  async refused(words: string | readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.ran(words, input);
    assert.notEqual(code, 0, `kubectl ${String(words)} succeeded: ${stdout}`);
    return stderr;
  }

  async read(words: string): Promise<Json> {
    return JSON.parse(await this.kubectl(`${words} -o json`));
  }

  raw(path: string): Promise<string> {
    return this.kubectl(["get", "--raw", path]);
  }

  /** Applies the definition as its users do, and waits until it is served. */
  async install(...definitions: readonly Definition[]): Promise<void> {
    const said = await this.kubectl("apply --server-side -f -", yamlOf(...definitions));
    for (const { metadata } of definitions)
      assert.ok(said.includes(`${metadata.name} serverside-applied`), said);
    const names = definitions.map(({ metadata }) => `crd/${metadata.name}`).join(" ");
    await this.kubectl(`wait --for=condition=Established ${names} --timeout=180s`);
  }
}

export const yamlOf = (...objects: readonly unknown[]): string =>
  objects.map((one) => formatYaml(one)).join("---\n");
