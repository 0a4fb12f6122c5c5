import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type Image, type LayerFile, layerOf } from "./archive.ts";

export const BUSYBOX_IMAGE = "k8ts.local/busybox:1";

/** From Debian's package busybox-static. */
const BUSYBOX = "/bin/busybox";

/** A small userland of the machine's own static busybox: what `FROM busybox` stands for. */
export async function busyboxImage(): Promise<Image> {
  return {
    name: BUSYBOX_IMAGE,
    layers: [await layerOf(busyboxFiles())],
    config: { Cmd: ["sh"], Env: ["PATH=/bin"] },
  };
}

/** What the C library loads at run time to look up names; without it a static program crashes on its first lookup. */
const RESOLVER_LIBRARIES = [
  "libc.so.6",
  "libnss_files.so.2",
  "libnss_dns.so.2",
  "libresolv.so.2",
  "ld-linux-x86-64.so.2",
  "ld-linux-aarch64.so.1",
];

function resolverFiles(): LayerFile[] {
  const folder = readdirSync("/lib").find((name) => name.endsWith("-linux-gnu"));
  if (folder === undefined) return [];
  const found = RESOLVER_LIBRARIES.filter((name) => existsSync(`/lib/${folder}/${name}`));
  return [
    { path: "lib", type: "directory", mode: 0o755 },
    { path: `lib/${folder}`, type: "directory", mode: 0o755 },
    ...found.map((name): LayerFile => ({
      path: `lib/${folder}/${name}`,
      type: "file",
      content: readFileSync(`/lib/${folder}/${name}`),
      mode: 0o755,
    })),
  ];
}

function busyboxFiles(): LayerFile[] {
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n");
  const directory = (path: string, mode = 0o755): LayerFile => ({ path, type: "directory", mode });
  const text = (path: string, content: string): LayerFile => ({
    path,
    type: "file",
    content: Buffer.from(content),
    mode: 0o644,
  });
  return [
    directory("bin"),
    { path: "bin/busybox", type: "file", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...applets.flatMap((name): LayerFile[] =>
      name === "busybox" ? [] : [{ path: `bin/${name}`, type: "link", target: "busybox" }],
    ),
    directory("etc"),
    text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    text("etc/group", "root:x:0:\nnobody:x:65534:\n"),
    text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ...resolverFiles(),
    directory("root", 0o700),
    directory("tmp", 0o1777),
    directory("var"),
    directory("usr"),
    { path: "usr/bin", type: "link", target: "../bin" },
  ];
}
