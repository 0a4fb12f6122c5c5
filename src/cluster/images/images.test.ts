import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { archiveOf, digestOf, type Image } from "./archive.ts";
import { buildImage } from "./build.ts";
import { ContainerfileError, parseContainerfile } from "./containerfile.ts";
import { pauseImage } from "./pause.ts";

async function untar(bytes: Uint8Array): Promise<Map<string, { text: string; mode: number | undefined }>> {
  const files = new Map<string, { text: string; mode: number | undefined }>();
  const tar = extract();
  tar.end(Buffer.from(bytes));
  for await (const entry of tar) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name, { text: Buffer.concat(chunks).toString("latin1"), mode: entry.header.mode });
  }
  return files;
}

function folder(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "image-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const contentOf = async (image: Image): Promise<Map<string, { text: string; mode: number | undefined }>> =>
  untar(gunzipSync(image.layers.at(-1)!.blob));

test("an archive names every blob by its digest, and the image by its name", async () => {
  const archive = await untar(await archiveOf(await pauseImage()));
  for (const [name, { text }] of archive) {
    if (name.startsWith("blobs/"))
      assert.equal(`blobs/sha256/${digestOf(Buffer.from(text, "latin1")).slice(7)}`, name);
  }
  const index = JSON.parse(archive.get("index.json")!.text) as {
    manifests: { annotations: Record<string, string> }[];
  };
  assert.equal(index.manifests[0]!.annotations["io.containerd.image.name"], "k8ts.local/pause:1");
});

test("the same image gives the same bytes", async () => {
  assert.deepEqual(await archiveOf(await pauseImage()), await archiveOf(await pauseImage()));
});

test("a build copies files and folders and keeps the configuration", async (t) => {
  const context = folder(t, {
    Containerfile:
      'FROM scratch\nWORKDIR /srv\nCOPY site ./www/\nCOPY --chmod=755 run.sh /\nENV A=1 B="two words"\nEXPOSE 80\nCMD ["/run.sh", "-v"]\n',
    "site/index.html": "hello",
    "run.sh": "#!/bin/sh\n",
  });
  const image = await buildImage(context, "test/site:1");
  const files = await contentOf(image);
  assert.equal(files.get("srv/www/index.html")?.text, "hello");
  assert.equal(files.get("run.sh")?.mode, 0o755);
  assert.deepEqual(image.config, {
    WorkingDir: "/srv",
    Env: ["A=1", "B=two words"],
    ExposedPorts: { "80/tcp": {} },
    Cmd: ["/run.sh", "-v"],
  });
});

test("a build does not reach outside of its folder", async (t) => {
  const context = folder(t, { Containerfile: "FROM scratch\nCOPY ../../etc/passwd /\n" });
  await assert.rejects(buildImage(context, "x"), /outside of the build folder/);
});

test("an unknown base is refused with what can be done", async (t) => {
  const context = folder(t, { Containerfile: "FROM debian:12\n" });
  await assert.rejects(buildImage(context, "x"), /scratch or busybox/);
});

const refused: [text: string, message: RegExp][] = [
  ["COPY a b\n", /line 1: the first instruction is FROM/],
  ["FROM scratch\n\nRUN make\n", /line 3: RUN is not supported/],
  ["FROM scratch\nADD https://example.com/x /\n", /only local files/],
  ["FROM scratch\nCOPY --from=build a b\n", /--from=build is not supported/],
  ["FROM scratch\nHEALTHCHECK NONE\n", /HEALTHCHECK is not supported/],
];

for (const [text, message] of refused) {
  test(`a Containerfile with ${JSON.stringify(text)} is refused`, () => {
    assert.throws(
      () => parseContainerfile(text),
      (error) => error instanceof ContainerfileError && message.test(error.message),
    );
  });
}

test("continued lines and shell commands", () => {
  const plan = parseContainerfile("FROM busybox\n# why\nCMD httpd -f \\\n  -p 80\n");
  assert.deepEqual(plan.config.Cmd, ["/bin/sh", "-c", "httpd -f  -p 80"]);
});
