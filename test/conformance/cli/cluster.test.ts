/** What kubectl says of the cluster, and its proxy. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type RequestOptions } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kubectl } from "../kubectl.ts";
import { conformance } from "../suite.ts";

conformance(
  "[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]",
  async (context) => {
    const versions = (await new Kubectl(context).run("api-versions")).trim().split("\n");
    assert.ok(versions.includes("v1"));
    assert.ok(versions.includes("apps/v1"));
    assert.deepEqual(versions, versions.toSorted());
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]",
  async (context) => {
    // Colours go to terminals only.
    const text = await new Kubectl(context).run("cluster-info");
    const { server } = context.config.getCurrentCluster()!;
    assert.equal(text.split("\n")[0], `Kubernetes control plane is running at ${server}`);
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    const text = await kubectl.run("version");
    assert.match(text, /^Client Version: v1\.35\.\d+$/m);
    assert.match(text, /^Kustomize Version: v/m);
    assert.match(text, /^Server Version: v1\.35\.\d+/m);
    const { serverVersion } = JSON.parse(await kubectl.run("version -o json")) as {
      serverVersion: Record<string, string>;
    };
    for (const key of ["major", "minor", "gitVersion", "buildDate", "goVersion", "compiler", "platform"])
      assert.ok(serverVersion[key], `${key} is told`);
    assert.deepEqual([serverVersion.major, serverVersion.minor], ["1", "35"]);
  },
);

conformance(
  "[sig-cli] Kubectl client Proxy server should support proxy with --port 0 [Conformance]",
  async (context) => {
    const proxy = new Kubectl(context).start("proxy --port=0 --disable-filter");
    const [, port] = /Starting to serve on 127\.0\.0\.1:(\d+)/.exec(
      await proxy.says(/Starting to serve on .*\n/),
    )!;
    assert.notEqual(port, "0");
    assertVersions(await get({ host: "127.0.0.1", port, path: "/api/" }));
  },
);

conformance(
  "[sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]",
  async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "k8ts-proxy-"));
    context.defer(() => rmSync(folder, { recursive: true, force: true }));
    const socketPath = join(folder, "socket");
    const proxy = new Kubectl(context).start(`proxy --unix-socket=${socketPath}`);
    await proxy.says(/Starting to serve on .*\n/);
    assertVersions(await get({ socketPath, path: "/api/", headers: { host: "localhost" } }));
  },
);

const assertVersions = (text: string): void => {
  const { kind, versions } = JSON.parse(text) as { kind: string; versions: string[] };
  assert.deepEqual([kind, versions], ["APIVersions", ["v1"]]);
};

const get = (options: RequestOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ ...options, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (more: string) => (text += more));
      response.on("error", reject).on("end", () => resolve(text));
    });
    sent.on("error", reject).end();
  });
